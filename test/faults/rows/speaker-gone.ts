/** Only the speaker of the owner is gone, or does not get to work: its kernel forwards what comes, as before. */

import { type Fault, lasting } from "#test/faults/fault.ts";
import type { Scene } from "#test/faults/scene.ts";
import type { Story } from "#test/faults/story.ts";
import { inNamespace, processesIn } from "#test/lab/network-namespace.ts";
import { runToExit } from "#test/lab/run.ts";

/** Nobody notices. */
export const UNNOTICED = { lost: 0, changes: [0, 0], contestMs: 0 } as const;
/** One move of which only the ARP tables of the clients tell. */
const PLANNED_MOVE = { lost: 0, changes: [1, 1], contestMs: 0 } as const;

const OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";
/** After which an owner whose speaker is gone is an owner no more. */
const GRACE_S = 30;
const GRACE_TOLERANCE_S = 5;
const ABSENCE_S = lasting(GRACE_S + 10, 300);
const HOG_CORE = 1;
/** Arguments of taskset. The kernel ends it: no program of ours need have its turn for that. */
const HOG = [
  ...["--cpu-list", String(HOG_CORE), "chrt", "--fifo", "50"],
  ...["sh", "-c", "ulimit -t 2; while :; do :; done"],
];

export const speakerGone: readonly Fault[] = [
  {
    id: "2",
    name: "SIGKILL of the owner's speaker, back after 5 s",
    // A surrogate is to answer within 0.4 s, and is asked every 0.1 s.
    bounds: { ...UNNOTICED, silenceMs: 500 },
    seconds: 12,
    startsAtHome: true,
    inflict: async (scene, story) => {
      await scene.lab.speaker(story.owner).kill();
      story.mark(`${story.owner}'s speaker is killed`);
      await story.wait(5);
      await scene.startSpeaker(story.owner);
      story.mark(`${story.owner}'s speaker is ready`);
      await story.wait(3);
    },
  },
  {
    id: "3",
    name: "SIGTERM and restart of every speaker in turn, under TCP",
    bounds: UNNOTICED,
    seconds: 13,
    startsAtHome: true,
    inflict: async (scene, story) => {
      await withConnections(scene, story, { mayBeReset: false }, async () => {
        for (const node of scene.nodeNames) {
          await scene.lab.speaker(node).stop("SIGTERM");
          story.mark(`${node}'s speaker is stopped`);
          await scene.startSpeaker(node);
          story.mark(`${node}'s speaker is ready`);
          await story.wait(2);
        }
      });
    },
  },
  {
    id: "4",
    name: "the owner's speaker is gone for long, under TCP",
    bounds: PLANNED_MOVE,
    runs: lasting(3, 1),
    seconds: 30 + ABSENCE_S,
    startsAtHome: true,
    inflict: async (scene, story) => {
      await withConnections(scene, story, { mayBeReset: true }, async () => {
        await scene.lab.speaker(story.owner).kill();
        story.mark(`${story.owner}'s speaker is killed`);
        await story.wait(ABSENCE_S);
      });
    },
    examine: (seen, story, scene) => {
      const killedAtMs = story.marks[0]?.atMs ?? 0;
      const { mac: former } = scene.lab.node(story.owner);
      const moved = seen.flatMap(({ record }) =>
        record.sayings.filter(({ atMs, mac }) => atMs > killedAtMs && mac !== former),
      );
      const afterS = (Math.min(...moved.map(({ atMs }) => atMs)) - killedAtMs) / 1_000;
      story.check(
        `it moves after ${GRACE_S} s (after ${afterS.toFixed(1)} s)`,
        Math.abs(afterS - GRACE_S) <= GRACE_TOLERANCE_S,
      );
    },
  },
  {
    id: "4b",
    name: "the owner is taken out of service, under TCP",
    bounds: PLANNED_MOVE,
    seconds: 45,
    startsAtHome: true,
    inflict: async (scene, story) => {
      const taint = `${OUT_OF_SERVICE}=nodeshutdown:NoExecute`;
      try {
        await withConnections(scene, story, { mayBeReset: true }, async () => {
          await scene.lab.kubectl("taint", "node", story.owner, taint);
          story.mark(`${story.owner} is out of service`);
          await story.wait(10);
        });
      } finally {
        story.end();
        await scene.lab.kubectl("taint", "node", story.owner, `${OUT_OF_SERVICE}-`);
      }
    },
  },
  {
    id: "5",
    name: "SIGSTOP of the owner's speaker for 10 s, then SIGCONT",
    bounds: UNNOTICED,
    seconds: 17,
    startsAtHome: true,
    inflict: async (scene, story) => {
      const speaker = scene.lab.speaker(story.owner);
      speaker.signal("SIGSTOP");
      story.mark(`${story.owner}'s speaker is held`);
      await story.wait(10);
      speaker.signal("SIGCONT");
      story.mark(`${story.owner}'s speaker goes on`);
      await story.wait(3);
    },
  },
  {
    id: "6",
    name: "the main thread of the owner's speaker is busy for 5 s",
    bounds: { ...UNNOTICED, silenceMs: 250 },
    seconds: 12,
    startsAtHome: true,
    inflict: async (scene, story) => {
      scene.lab.speaker(story.owner).signal("SIGWINCH");
      story.mark(`${story.owner}'s main thread is busy`);
      await story.wait(7);
    },
  },
  {
    id: "7",
    name: "a real-time program has the owner's processor for 2 s",
    bounds: { changes: [0, 1], contestMs: 1_000 },
    seconds: 12,
    startsAtHome: true,
    inflict: async (scene, story) => {
      const { namespace } = scene.lab.node(story.owner);
      await pinNodes(scene, story.owner);
      try {
        story.mark("the processor is taken");
        await runToExit(...inNamespace(namespace, "taskset", HOG));
        story.mark("the processor is free");
        await story.wait(3);
      } finally {
        await pinNodes(scene, undefined);
      }
    },
  },
];

/** Has TCP connections of a client meanwhile, and says what became of them. */
async function withConnections(
  scene: Scene,
  story: Story,
  { mayBeReset }: { readonly mayBeReset: boolean },
  act: () => Promise<void>,
): Promise<void> {
  await using connections = await scene.connect();
  await act();
  const { failed, kept, opened, reset } = await connections.end();
  const resets = `${reset} of ${kept} long connections were reset`;
  if (mayBeReset) {
    story.note(resets);
  } else {
    story.check(resets, reset === 0);
  }
  story.check(`${failed} of ${opened} new connections failed`, failed === 0);
}

/** Gives the owner a processor of its own, and all other nodes another one; without an owner, all of them to all. */
async function pinNodes(scene: Scene, owner: string | undefined): Promise<void> {
  for (const { name, namespace } of scene.lab.nodes) {
    const other = owner === undefined ? "0-1" : "0";
    const cores = name === owner ? String(HOG_CORE) : other;
    for (const pid of processesIn([namespace])) {
      // one that has ended meanwhile needs none
      await runToExit("taskset", ["--all-tasks", "--cpu-list", "--pid", cores, String(pid)]);
    }
  }
}
