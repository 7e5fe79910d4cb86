/** Layer 2 falls into two halves, each with a client and at least one node, and grows together again. */

import { type Fault, lasting } from "#test/faults/fault.ts";
import type { SeenRecord } from "#test/faults/observation/observation.ts";
import type { Story } from "#test/faults/story.ts";

const SPLIT_S = lasting(15, 60);
const ONE_OWNER_WITHIN_MS = 1_000;
/** A side may find out for so long that it has no owner. */
const SIDE_SERVED_WITHIN_MS = 1_000;

export const split: readonly Fault[] = [
  {
    id: "14",
    name: "layer 2 is split, with the owner alone on one side, and healed",
    bounds: { contestMs: ONE_OWNER_WITHIN_MS },
    runs: lasting(3, 1),
    seconds: 20 + SPLIT_S,
    simulated: "the network is split and heals",
    startsAtHome: true,
    hasTwoClients: true,
    inflict: async (scene, story) => {
      const { backend } = scene.lab;
      const others = scene.nodeNames.filter((node) => node !== story.owner);
      await scene.filter.split(
        [story.owner, backend.name, scene.client.name],
        [...others, scene.stranger.name],
      );
      story.mark("layer 2 is split");
      await story.wait(SPLIT_S);
      story.mark("layer 2 is whole");
      await scene.filter.clear();
      await story.wait(5);
    },
    examine: (seen, story) => {
      story.check(
        "both sides are served",
        seen.every((one) => isServed(one, story)),
      );
      const healedAtMs = story.marks.at(-1)?.atMs ?? 0;
      const owners = ownersAfter(seen, healedAtMs + ONE_OWNER_WITHIN_MS);
      story.check(
        `one owner a second after it is healed (there are ${owners.size})`,
        owners.size === 1,
      );
      story.check(
        "the one that stays announces it within a second, to both sides",
        seen.every((one) => isAnnounced(one, owners, healedAtMs)),
      );
    },
  },
];

/** Whether the side of this client had an answer, from soon after the split until it is healed. */
function isServed({ record }: SeenRecord, { marks }: Story): boolean {
  const [{ atMs: fromMs = 0 } = {}, { atMs: toMs = 0 } = {}] = marks;
  const replies = record.sayings.filter(({ kind }) => kind === "reply").map(({ atMs }) => atMs);
  const inTime = replies.filter((atMs) => atMs > fromMs && atMs < toMs);
  const first = inTime[0] ?? Number.POSITIVE_INFINITY;
  return (
    first - fromMs <= SIDE_SERVED_WITHIN_MS && toMs - (inTime.at(-1) ?? 0) <= SIDE_SERVED_WITHIN_MS
  );
}

function ownersAfter(seen: readonly SeenRecord[], fromMs: number): ReadonlySet<string> {
  const sayings = seen.flatMap(({ record }) => record.sayings);
  return new Set(sayings.filter(({ atMs }) => atMs > fromMs).map(({ mac }) => mac));
}

function isAnnounced(
  { record }: SeenRecord,
  owners: ReadonlySet<string>,
  healedAtMs: number,
): boolean {
  return record.sayings.some(
    ({ atMs, kind, mac }) =>
      kind === "notice" &&
      owners.has(mac) &&
      atMs > healedAtMs &&
      atMs <= healedAtMs + ONE_OWNER_WITHIN_MS,
  );
}
