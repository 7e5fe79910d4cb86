import { formatIp, tryParseIp } from "#lib/address/ip.ts";
import { MAX_SET_ASIDE, MOST_HOLD_MS, type SetAside } from "#lib/allocation/set-aside.ts";
import { formatDuration } from "#lib/api/format-duration.ts";
import { tryParseDuration } from "#lib/api/parse-duration.ts";

/** One line each, with the end and how long it takes in all: `192.0.2.10 2026-01-02T03:04:05.678Z 10m`. */
export function formatSetAside(setAside: Iterable<SetAside>): string {
  return Array.from(setAside, ({ ip, untilMs, holdMs }) => {
    return `${formatIp(ip)} ${new Date(untilMs).toISOString()} ${formatDuration(holdMs)}\n`;
  }).join("");
}

/** Reads what `formatSetAside` wrote; of what somebody else made of it, as many lines as make sense. */
export function parseSetAside(text: string): {
  readonly setAside: readonly SetAside[];
  /** How many lines say nothing. */
  readonly unreadable: number;
} {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const setAside = lines.map(parseLine).filter((line) => line !== undefined);
  setAside.sort((a, b) => a.untilMs - b.untilMs);
  return { setAside: setAside.slice(-MAX_SET_ASIDE), unreadable: lines.length - setAside.length };
}

function parseLine(line: string): SetAside | undefined {
  const [address = "", end = "", hold = "", ...rest] = line.trim().split(" ");
  const ip = tryParseIp(address);
  const untilMs = Date.parse(end);
  const holdMs = tryParseDuration(hold) ?? 0;
  const isPossible = holdMs > 0 && holdMs <= MOST_HOLD_MS;
  return ip === undefined || Number.isNaN(untilMs) || !isPossible || rest.length > 0
    ? undefined
    : { ip, untilMs, holdMs };
}
