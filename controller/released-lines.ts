import { formatIp, tryParseIp } from "#lib/address/ip.ts";
import { MAX_RELEASED, type Released } from "#lib/allocation/released-addresses.ts";

/** One line each: `192.0.2.10 default/web 2026-01-02T03:04:05.678Z`. */
export function formatReleased(released: Iterable<Released>): string {
  return Array.from(
    released,
    ({ ip, service, atMs }) => `${formatIp(ip)} ${service} ${new Date(atMs).toISOString()}\n`,
  ).join("");
}

/** Reads what `formatReleased` wrote; of what somebody else made of it, as many lines as make sense. */
export function parseReleased(text: string): {
  readonly released: readonly Released[];
  /** How many lines say nothing. */
  readonly unreadable: number;
} {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const released = lines.map(parseLine).filter((line) => line !== undefined);
  released.sort((a, b) => a.atMs - b.atMs);
  return { released: released.slice(-MAX_RELEASED), unreadable: lines.length - released.length };
}

function parseLine(line: string): Released | undefined {
  const [address = "", service = "", instant = "", ...rest] = line.trim().split(" ");
  const ip = tryParseIp(address);
  const atMs = Date.parse(instant);
  const isNamed = /^[^/]{1,63}\/[^/]{1,63}$/.test(service);
  return ip === undefined || Number.isNaN(atMs) || !isNamed || rest.length > 0
    ? undefined
    : { ip, service, atMs };
}
