import type { Mac } from "#lib/wire/mac.ts";

/** A node that was never heard has so long for its first heartbeat, which names its MAC addresses. */
const HOLD_MS = 800;

/** Of more addresses at once the claims are not held: they come again. */
const MAX_HELD = 1_024;

/** Somebody sends from an address of ours. Nodes of this cluster may, for a moment, in a takeover. */
export interface Claim {
  /** Canonical text. */
  readonly ip: string;
  readonly mac: Mac;
  /** Name of the link. */
  readonly link: string;
}

export interface ClaimOptions {
  /** Whether there is a node of which nothing is known yet, so that a stranger's MAC address may be that node's. */
  mayBeNode(ip: string): boolean;
  /** Whether the MAC address is of this node, or of another one that is known. */
  isOfCluster(mac: Mac): boolean;
  /** The claim is judged at that instant: until then the address is not to be announced for the first time. */
  held(ip: string, judgeAt: number): void;
  /** A host that is none of this cluster claims the address. */
  foreign(claim: Claim): void;
}

/** Tells foreign hosts from nodes that have not introduced themselves: one may take an address over as its first deed. */
export class Claims {
  readonly #options: ClaimOptions;
  /** By address, in the order in which they are to be judged. */
  readonly #held = new Map<string, { readonly claim: Claim; readonly judgeAt: number }>();

  constructor(options: ClaimOptions) {
    this.#options = options;
  }

  hear(claim: Claim, now: number): void {
    const { foreign, held, isOfCluster, mayBeNode } = this.#options;
    const { ip, mac } = claim;
    if (isOfCluster(mac)) {
      return;
    }
    if (!mayBeNode(ip)) {
      foreign(claim);
    } else if (!this.#held.has(ip) && this.#held.size < MAX_HELD) {
      const judgeAt = now + HOLD_MS;
      this.#held.set(ip, { claim, judgeAt });
      held(ip, judgeAt);
    }
  }

  /** When `tick` has something to do at the earliest; undefined: never. */
  get nextDeadline(): number | undefined {
    if (this.#held.size === 0) {
      return undefined;
    }
    const [first] = this.#held.values();
    return first?.judgeAt;
  }

  tick(now: number): void {
    const { foreign, isOfCluster } = this.#options;
    for (const [ip, { claim, judgeAt }] of this.#held) {
      if (judgeAt > now) {
        return;
      }
      this.#held.delete(ip);
      if (!isOfCluster(claim.mac)) {
        foreign(claim);
      }
    }
  }
}
