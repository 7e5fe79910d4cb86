import type { Medium } from "./medium.ts";
import type { World } from "./world.ts";

/** In and out, of one node at rest, with the profile `balanced`; the others speak in their own time. */
const MOST_A_SECOND = 100;

export interface PacketRates {
  /** Packets a second, in and out, of the average node. */
  readonly mean: number;
  readonly most: number;
}

/** Counts what each node sends and receives. */
export function measurePackets(world: World, ms: number, meanwhile: () => void): PacketRates {
  const before = new Map(world.names.map((name) => [name, packets(world.medium, name)]));
  meanwhile();
  const rates = world.names.map(
    (name) => ((packets(world.medium, name) - (before.get(name) ?? 0)) * 1_000) / ms,
  );
  const sum = rates.reduce((total, rate) => total + rate, 0);
  return { mean: sum / rates.length, most: Math.max(...rates) };
}

/** The same, and holds it to P7. */
export function expectFewPackets(world: World, ms: number, meanwhile: () => void): void {
  const { most } = measurePackets(world, ms, meanwhile);
  if (most > MOST_A_SECOND / world.scaled(1)) {
    world.observer.fail("P7", world.now, `${Math.round(most)} packets a second at one node`);
  }
}

const SECOND_MS = 1_000;
const LOOK_EVERY_MS = 10;

/** Packets of the busiest node in its busiest second, in and out. @param looked called every hundredth of a second */
export function busiestSecond(world: World, ms: number, looked: () => void): number {
  let most = 0;
  for (const end = world.now + ms; world.now < end; ) {
    const second = measurePackets(world, SECOND_MS, () => {
      for (let count = SECOND_MS / LOOK_EVERY_MS; count > 0; count--) {
        world.runFor(LOOK_EVERY_MS);
        looked();
      }
    });
    most = Math.max(most, second.most);
  }
  return most;
}

function packets({ packetsIn, packetsOut }: Medium, name: string): number {
  return (packetsIn.get(name) ?? 0) + (packetsOut.get(name) ?? 0);
}
