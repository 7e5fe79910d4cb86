/** keepalived in the same lab, with the same fault and the same observers, for comparison. */

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Fault, Stage } from "#test/faults/fault.ts";
import type { Scene } from "#test/faults/scene.ts";
import type { Node } from "#test/lab/host.ts";
import { Process } from "#test/lab/process.ts";
import { isOnPath } from "#test/lab/programs.ts";

const PROGRAM = "keepalived";
const SERVICE = "beside";
const ADDRESS = "192.0.2.230";
const ADVERT_INTERVAL_S = 0.1;
const ROUTER_ID = 51;
const FIRST_PRIORITY = 150;

export const keepalived: readonly Fault[] = isOnPath(PROGRAM)
  ? [
      {
        id: "1k",
        name: `for comparison: keepalived (advert_int ${ADVERT_INTERVAL_S}), the owner loses power`,
        bounds: {},
        runs: 10,
        seconds: 7,
        stage,
        inflict: async (scene, story) => {
          await scene.powerOff(story.owner);
          story.mark(`${story.owner} loses power`);
          await story.wait(3);
        },
      },
    ]
  : [];

/** A Service of which Herald has no part, and a keepalived on each node that brings its address there. */
async function stage(scene: Scene): Promise<Stage> {
  const { lab, user } = scene;
  await user.applyService(SERVICE, {
    spec: {
      loadBalancerClass: "example.com/keepalived",
      ipFamilyPolicy: "SingleStack",
      allocateLoadBalancerNodePorts: false,
      ports: [{ name: "echo", port: 7, protocol: "UDP", targetPort: 8080 }],
    },
  });
  const status = { loadBalancer: { ingress: [{ ip: ADDRESS }] } };
  const patch = `--patch=${JSON.stringify({ status })}`;
  await lab.kubectl("patch", "service", SERVICE, "--subresource=status", "--type=merge", patch);
  await lab.setEndpoints(SERVICE, "default", [{ ip: lab.backend.lanIp }]);
  const processes = lab.nodes.map((node, index) => keepalivedOn(node, index, lab.directory));
  await Promise.all(processes.map((process) => process.start()));
  return {
    subject: { addresses: [ADDRESS], home: undefined },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(processes.map((process) => process.stop()));
      await lab.kubectl("delete", "service", SERVICE);
    },
  };
}

function keepalivedOn(node: Node, index: number, directory: string): Process {
  const folder = path.join(directory, `keepalived-${node.name}`);
  mkdirSync(folder);
  const config = path.join(folder, "keepalived.conf");
  writeFileSync(config, configuration(FIRST_PRIORITY - index));
  return new Process({
    name: `keepalived-${node.name}`,
    namespace: node.namespace,
    command: PROGRAM,
    args: [
      ...["--dont-fork", "--log-console", "--vrrp", `--use-file=${config}`],
      ...[`--pid=${folder}/pid`, `--vrrp_pid=${folder}/vrrp-pid`],
    ],
    logPath: path.join(directory, "logs", `keepalived-${node.name}.log`),
  });
}

/** VRRP of version 3 knows intervals below a second, RFC 5798 §5.2.7. Who comes back takes nothing. */
function configuration(priority: number): string {
  return `
global_defs {
  vrrp_version 3
}
vrrp_instance lab {
  state BACKUP
  nopreempt
  interface eth0
  virtual_router_id ${ROUTER_ID}
  priority ${priority}
  advert_int ${ADVERT_INTERVAL_S}
  virtual_ipaddress {
    ${ADDRESS}/32
  }
}
`;
}
