/** Streams the ARP and NDP frames about one address to who asks, as a file for Wireshark and tcpdump. */

import type { RequestListener, ServerResponse } from "node:http";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { writeAnswer } from "#lib/http/answer.ts";
import { type Clock, systemClock } from "#lib/kube/clock.ts";
import type { Log } from "#lib/log/log.ts";
import { type CaptureAsker, MAX_CAPTURES } from "./capture-asker.ts";
import { type CaptureRequest, parseCaptureRequest } from "./capture-request.ts";
import { Trace } from "./trace.ts";

/** So long a slow reader may take over what is left when the capture has ended. */
const REST_MS = 10_000;

export interface CaptureHandlerOptions {
  /** Name of this node. */
  readonly node: string;
  readonly asker: Pick<CaptureAsker, "begin">;
  readonly log: Log;
  readonly clock?: Clock;
}

export function captureHandler(options: CaptureHandlerOptions): RequestListener {
  return ({ url = "" }, response) => {
    try {
      capture(parseCaptureRequest(/\?(.*)/.exec(url)?.[1] ?? ""), response, options);
    } catch (error) {
      if (!(error instanceof MalformedError)) {
        throw error;
      }
      writeAnswer(response, { status: 400, text: error.message });
    }
  };
}

function capture(
  request: CaptureRequest,
  response: ServerResponse,
  { asker, clock = systemClock, log, node }: CaptureHandlerOptions,
): void {
  let trace: Trace | undefined;
  const closed = new AbortController();
  const begun = asker.begin(request, {
    frames: (frames) => trace?.write(frames),
    ended: () => {
      response.end();
      void clock.delay(REST_MS, closed.signal).then(() => response.destroy());
      log.info("capture ended", { ip: request.ip, ...trace?.counts });
    },
  });
  if (begun === undefined) {
    const text = `${MAX_CAPTURES} captures run at a time, and so many do: try again when one has ended`;
    writeAnswer(response, { status: 429, text });
    return;
  }
  response.once("close", () => {
    closed.abort();
    begun[Symbol.dispose]();
  });
  response.writeHead(200, {
    "content-type": "application/x-pcapng",
    "content-disposition": `attachment; filename="${fileName(node, request.ip)}"`,
    "cache-control": "no-store",
    connection: "close",
  });
  trace = new Trace(response);
  log.info("capture begun", { ...request });
}

/** Without colons, which some file systems refuse. */
function fileName(node: string, ip: string): string {
  return `herald-${node}-${ip.replaceAll(":", "-")}.pcapng`;
}
