/** How much memory a controller and a speaker take when one Service is announced and nothing happens. */

import { setTimeout as delay } from "node:timers/promises";
import { ClusterUser, POOL } from "#test/e2e/cluster-user.ts";
import { Lab } from "#test/lab/lab.ts";
import type { Figure } from "./figures.ts";
import { type MemoryUse, memoryUseOf } from "./memory-use.ts";
import type { BenchOptions } from "./options.ts";

export interface MemoryResult {
  readonly controller: MemoryUse;
  readonly speaker: MemoryUse;
}

const IDLE_SECONDS = 60;
const TELL_EVERY_SECONDS = 20;

export async function measureMemory({ bundle, progress }: BenchOptions): Promise<MemoryResult> {
  await using lab = await Lab.start({ nodes: 1, kubeProxy: false, herald: { bundle }, progress });
  const user = new ClusterUser(lab);
  await user.configure([POOL]);
  await user.applyService("web");
  await lab.setEndpoints("web", "default", [{ ip: lab.backend.lanIp }]);
  await user.owner(await user.address("web"));
  for (let left = IDLE_SECONDS; left > 0; left -= TELL_EVERY_SECONDS) {
    progress(`one Service is announced: idle for ${left} s`);
    await delay(TELL_EVERY_SECONDS * 1000);
  }
  return {
    controller: memoryUseOf(lab.controller.pid),
    speaker: memoryUseOf(lab.speaker("n1").pid),
  };
}

export function memoryFigures({ controller, speaker }: MemoryResult): readonly Figure[] {
  const unit = "MiB";
  return [
    { name: "speaker, RSS", value: speaker.rss, unit, bound: 105 },
    { name: "speaker, private", value: speaker.private, unit, bound: 50 },
    { name: "controller, RSS", value: controller.rss, unit, bound: 85 },
    { name: "controller, private", value: controller.private, unit, bound: 45 },
  ];
}
