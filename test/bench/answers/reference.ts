/**
 * How soon others answer on the same machine, in the same run: the kernel for an address of its own, and a loop in C.
 * The kernel answers where the question arrives, and nobody is woken. A process on another processor is, and on a virtual
 * machine that takes as long as the hypervisor likes: no process answers sooner than the loop.
 */

import { once } from "node:events";
import type { Family } from "#lib/address/ip.ts";
import { PACE, times } from "./saturation.ts";
import { addressAt, type Scene, SPEAKER } from "./scene.ts";
import type { Traffic } from "./traffic.ts";

/** Fewer than the kernel keeps neighbours; each asks again after a twentieth of a second. */
const ASKERS = 500;

/** Microseconds of each answer, at 10,000 a second. */
export interface ReferenceResult {
  readonly kernel: Readonly<Record<Family, readonly number[]>>;
  readonly loop: readonly number[];
}

export async function measureReference(scene: Scene): Promise<ReferenceResult> {
  const { traffic } = scene;
  const kernel = {
    IPv4: await latencies(traffic, "IPv4", SPEAKER.ip),
    IPv6: await latencies(traffic, "IPv6", SPEAKER.ip6),
  };
  const loop = await traffic.answer(scene.namespaceOf(SPEAKER));
  try {
    return { kernel, loop: await latencies(traffic, "IPv4", addressAt("IPv4", 0)) };
  } finally {
    loop.kill();
    await once(loop, "exit");
  }
}

async function latencies(
  traffic: Traffic,
  family: Family,
  first: string,
): Promise<readonly number[]> {
  const runs = await times(() =>
    traffic.pace({ family, first, count: 1, askers: ASKERS, ...PACE }),
  );
  return runs.flatMap(({ latenciesUs }) => latenciesUs);
}
