/** How many questions a speaker answers, how fast, and what it stands: on a cable of its own, without a cluster. */

import type { Family } from "#lib/address/ip.ts";
import { type EnduranceResult, measureEndurance } from "./answers/endurance.ts";
import { measureReference, type ReferenceResult } from "./answers/reference.ts";
import { measureSaturation, type SaturationResult } from "./answers/saturation.ts";
import { Scene } from "./answers/scene.ts";
import { measureTakeover, type TakeoverResult } from "./answers/takeover.ts";
import type { BenchOptions } from "./options.ts";

export interface AnswersResult {
  readonly reference: ReferenceResult;
  readonly saturation: readonly SaturationResult[];
  readonly endurance: EnduranceResult;
  readonly takeover: TakeoverResult;
}

const FAMILIES: readonly Family[] = ["IPv4", "IPv6"];
const ADDRESSES = [1, 1_000, 10_000];

export async function measureAnswers(options: BenchOptions): Promise<AnswersResult> {
  const { progress } = options;
  using scene = await Scene.prepare(options);
  progress("asking the kernel and a loop in C, half a minute");
  const reference = await measureReference(scene);
  const saturation: SaturationResult[] = [];
  for (const family of FAMILIES) {
    for (const addresses of ADDRESSES) {
      progress(`asking for ${addresses} addresses of ${family}, a minute`);
      saturation.push(await measureSaturation(scene, family, addresses));
    }
  }
  progress("moving 10,000 addresses to another node, again and again, a minute");
  const takeover = await measureTakeover(scene);
  progress("floods, rubbish and a link that flaps, two minutes");
  const endurance = await measureEndurance(scene);
  return { reference, saturation, endurance, takeover };
}
