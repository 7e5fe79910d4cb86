import { formatIp } from "#lib/address/ip.ts";

/** The text of an IPv4 address that is at hand as an unsigned integer, as this room's hot path has it. */
export function formatIpv4(address: number): string {
  return formatIp({ family: "IPv4", value: BigInt(address) });
}
