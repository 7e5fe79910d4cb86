/** The network carries some of what it is given, or in some directions. */

import { type Fault, lasting } from "#test/faults/fault.ts";

/** Nothing moves, though packets may be lost on their way. */
const UNCHANGED = { changes: [0, 0], contestMs: 0 } as const;
/** Of the speakers among themselves. */
const MEMBER_PORT = 7946;
const FLAPS = 20;
const HALF_FLAP_S = 0.25;
/** Ten minutes, where there is time for that. */
const LOSS_S = lasting(20, 600);
const LOSSY_NODE_S = lasting(20, 60);
/** Longer than a speaker may be down until its addresses move. */
const FILTERED_S = lasting(40, 120);

export const badNetwork: readonly Fault[] = [
  ...[1, 3, 5].map(
    (percent): Fault => ({
      id: `10/${percent}`,
      name: `${percent} % of all packets are lost`,
      bounds: UNCHANGED,
      runs: lasting(3, 1),
      seconds: 5 + LOSS_S,
      simulated: "packets are lost",
      startsAtHome: true,
      inflict: async (scene, story) => {
        await scene.filter.lose({ percent });
        story.mark(`${percent} % are lost`);
        await story.wait(LOSS_S);
      },
    }),
  ),
  {
    id: "11",
    name: "30 % of what the owner says and hears is lost",
    bounds: { changes: [0, 1], contestMs: 1_000 },
    runs: lasting(3, 1),
    seconds: 15 + LOSSY_NODE_S,
    simulated: "one node loses nearly every third packet",
    startsAtHome: true,
    inflict: async (scene, story) => {
      await scene.filter.lose({ percent: 30, hosts: [story.owner] });
      story.mark(`30 % of ${story.owner}'s packets are lost`);
      await story.wait(LOSSY_NODE_S);
    },
  },
  {
    id: "12",
    name: "the owner speaks, and hears nobody",
    bounds: { gapMs: 1_000, changes: [1, 1], contestMs: 1_000 },
    runs: lasting(3, 1),
    seconds: 30,
    simulated: "a node does not hear",
    inflict: async (scene, story) => {
      await scene.filter.deafen(story.owner);
      story.mark(`${story.owner} hears nobody`);
      await story.wait(lasting(10, 60));
    },
  },
  {
    id: "13",
    name: "UDP between the nodes is filtered, all else passes",
    bounds: { ...UNCHANGED, lost: 0 },
    runs: lasting(3, 1),
    seconds: 10 + FILTERED_S,
    simulated: "no node can send messages, though frames pass",
    startsAtHome: true,
    inflict: async (scene, story) => {
      const from = new Map(
        scene.nodeNames.map((node) => [node, scene.lab.speaker(node).lines.length]),
      );
      await scene.filter.closeUdpPort(MEMBER_PORT, scene.nodeNames);
      story.mark(`UDP port ${MEMBER_PORT} is filtered`);
      await story.wait(FILTERED_S);
      const said = scene.nodeNames.flatMap((node) =>
        scene.lab.speaker(node).lines.slice(from.get(node)),
      );
      story.check(
        "the log names two nodes and the port",
        said.some(
          (line) =>
            line.includes(String(MEMBER_PORT)) &&
            scene.nodeNames.filter((node) => line.includes(node)).length >= 2,
        ),
      );
      await scene.filter.clear();
      story.mark("all passes again");
      await story.wait(3);
    },
  },
  {
    id: "25",
    name: `the carrier of the owner's network card flaps ${FLAPS} times in 10 s`,
    bounds: { contestMs: 1_000 },
    seconds: 20,
    inflict: async (scene, story) => {
      story.mark(`${story.owner}'s carrier flaps`);
      for (let flap = 0; flap < FLAPS; flap++) {
        await scene.lab.lan.setCarrier(story.owner, "down");
        await story.wait(HALF_FLAP_S);
        await scene.lab.lan.setCarrier(story.owner, "up");
        await story.wait(HALF_FLAP_S);
      }
      story.mark("the carrier stays");
      await story.wait(3);
    },
  },
];
