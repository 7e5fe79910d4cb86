/** The Secret of the members is changed, and comes to one node after the other, as kubelets bring it. */

import { randomBytes } from "node:crypto";
import type { Fault } from "#test/faults/fault.ts";
import { UNNOTICED } from "./speaker-gone.ts";

const SECRET = "metallb-memberlist";

export const keyRotation: readonly Fault[] = [
  {
    id: "29",
    name: "the key of the members is changed, node by node",
    bounds: UNNOTICED,
    seconds: 24,
    startsAtHome: true,
    inflict: async (scene, story) => {
      const stringData = { secretkey: randomBytes(32).toString("base64url") };
      const patch = `--patch=${JSON.stringify({ stringData })}`;
      await scene.lab.kubectl("--namespace=metallb-system", "patch", "secret", SECRET, patch);
      story.mark("the Secret is changed");
      for (const node of scene.nodeNames) {
        await story.wait(5);
        await scene.lab.mountMemberKey(node);
        story.mark(`${node} has the new key`);
      }
      await story.wait(5);
    },
  },
];
