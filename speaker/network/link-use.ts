import { tryParseIp } from "#lib/address/ip.ts";
import { contains, type IpRange } from "#lib/address/ip-range.ts";

/** What links are there for. */
export interface LinkUse {
  /** The InternalIPs of all nodes, this one among them. */
  readonly nodeAddresses: Iterable<string>;
  /** All addresses that are to be announced. */
  readonly announced: Iterable<string>;
  /** Whether an address is to be announced on that link by name. */
  isNamed(link: string): boolean;
}

/**
 * Whether nodes or announced addresses are reached by a link: one of them lies in its subnets, or is meant for it. The
 * bridge of some containers can answer too, and loses its carrier with the last of them: that is nothing to the others.
 */
export function isInUse(
  { name, subnets }: { readonly name: string; readonly subnets: readonly IpRange[] },
  { announced, isNamed, nodeAddresses }: LinkUse,
): boolean {
  const holds = (text: string): boolean => {
    const ip = tryParseIp(text);
    return ip !== undefined && subnets.some((subnet) => contains(subnet, ip));
  };
  return (
    isNamed(name) ||
    Iterator.from(nodeAddresses).some(holds) ||
    Iterator.from(announced).some(holds)
  );
}
