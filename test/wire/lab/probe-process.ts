/** Sends the probes that its arguments are, as JSON without a nonce, for the tests; ends by itself when they have left. */

import { createLog } from "#lib/log/log.ts";
import { Prober } from "#speaker/probe/prober.ts";

const nonce = Uint8Array.of(1, 2, 3, 4, 5, 6);

const prober = new Prober(createLog("info"));
for (const probe of process.argv.slice(2)) {
  await prober.send({ ...JSON.parse(probe), nonce });
}
