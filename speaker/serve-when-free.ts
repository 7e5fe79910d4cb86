import { PortError } from "#lib/http/listener.ts";
import { aborted } from "#lib/kube/aborted.ts";
import { type Clock, systemClock } from "#lib/kube/clock.ts";
import type { Log } from "#lib/log/log.ts";

const TRY_AGAIN_MS = 5000;

/**
 * Serves until the signal, as soon as the port can be had: a speaker shares its ports with its whole node, and MetalLB's,
 * which it comes to replace, may still have them. Addresses are announced meanwhile.
 *
 * @param serve throws a PortError when the port cannot be had
 */
export async function serveWhenFree(
  serve: () => Promise<AsyncDisposable | undefined>,
  log: Log,
  signal: AbortSignal,
  clock: Pick<Clock, "delay"> = systemClock,
): Promise<void> {
  let isTold = false;
  while (!signal.aborted) {
    try {
      await using _ = await serve();
      await aborted(signal);
    } catch (error) {
      if (!(error instanceof PortError)) {
        throw error;
      }
      if (!isTold) {
        isTold = true;
        log.error("endpoint not served, it is tried again", { error: error.message });
      }
      await clock.delay(TRY_AGAIN_MS, signal);
    }
  }
}
