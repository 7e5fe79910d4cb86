/** What is seen of this node, for `findings`. */

import type { KernelAddress } from "#speaker/network/messages.ts";

export interface Facts {
  /** Name of this node. */
  readonly node: string;
  /** Those that can answer. */
  readonly links: readonly CheckedLink[];
  /** Addresses of Services that the kernel has too. */
  readonly kernelAddresses: readonly KernelAddress[];
  /** Name of the link by which the default route of IPv4 goes out; undefined: there is none. */
  readonly defaultLink: string | undefined;
}

export interface CheckedLink extends LinkSettings {
  readonly name: string;
  readonly isPromiscuous: boolean;
}

/** What the kernel keeps of a link. Of a sysctl that is there for the link and for all, the greater counts. */
export interface LinkSettings {
  /** 0: the kernel answers ARP for each of its addresses, on whichever interface it has that. */
  readonly arpIgnore: number;
  /** Less than 2: the kernel may ask by ARP from any of its addresses. */
  readonly arpAnnounce: number;
  /** 1: what comes in is dropped when the answer would leave by another link. */
  readonly rpFilter: number;
  readonly isWireless: boolean;
}
