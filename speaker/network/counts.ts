import { Stance } from "./heard-address.ts";
import type { LinkResponder } from "./link-responder.ts";
import type { NetworkCounts } from "./messages.ts";

interface AddressCounts {
  requests: number;
  responses: number;
  announcements: number;
}

/** Adds up what the links have counted. */
export function countsOf(
  links: readonly Pick<LinkResponder, "addresses" | "drops" | "name">[],
  others: Pick<NetworkCounts, "conflicts" | "drops" | "latency" | "membership">,
): NetworkCounts {
  const byIp = new Map<string, AddressCounts>();
  for (const link of links) {
    for (const { ip, announcements, requests, responses, stance } of link.addresses) {
      if (stance === Stance.peer) {
        continue;
      }
      const counts = byIp.get(ip) ?? { requests: 0, responses: 0, announcements: 0 };
      counts.requests += requests;
      counts.responses += responses;
      counts.announcements += announcements;
      byIp.set(ip, counts);
    }
  }
  return {
    ...others,
    addresses: Array.from(byIp, ([ip, counts]) => ({ ip, ...counts })),
    socketDrops: Object.fromEntries(links.map(({ name, drops }) => [name, drops])),
  };
}
