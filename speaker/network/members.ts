import type { IpRange } from "#lib/address/ip-range.ts";
import { NodeSubnets } from "#lib/election/node-subnets.ts";
import { LinuxError } from "#lib/linux/libc.ts";
import type { Log } from "#lib/log/log.ts";
import {
  HEARTBEAT_INTERVAL_MS,
  type MemberChange,
  Membership,
} from "#lib/membership/membership.ts";
import type { Heartbeat } from "#lib/wire/heartbeat.ts";
import type { Mac } from "#lib/wire/mac.ts";
import type { DropCounts } from "./drop-counts.ts";
import { Heartbeats, tellable } from "./heartbeats.ts";
import type { MemberAddress } from "./messages.ts";

/** How long to wait until the port is tried again that another process has. */
const OPEN_AGAIN_MS = 1_000;

export interface MembersOptions {
  readonly nodeName: string;
  /** UDP. */
  readonly port: number;
  readonly drops: DropCounts;
  readonly log: Log;
  /** Milliseconds of a clock that never steps back. */
  readonly clock: () => number;
  /** Milliseconds since the epoch, of the clock that may be set. */
  readonly wallClock: () => number;
  /** Of the links that can answer. */
  macs(): readonly Mac[];
  /** Of the same links. */
  subnets(): readonly IpRange[];
  /** Called with the descriptors of the heartbeats' sockets, once they are open. */
  onOpen(descriptors: readonly number[]): void;
  /** Called when this node has joined, and at every change among the living, or of a node's subnets. */
  onAlive(alive: ReadonlySet<string>, changes: readonly MemberChange[]): void;
}

/**
 * This node as a member: it joins when the first table is there, the key is, and the port is open. Until then it hears
 * nobody, and would hold itself for the only one alive.
 */
export class Members {
  /** Of this node, and of the others that were heard. */
  readonly subnets = new NodeSubnets();
  readonly #options: MembersOptions;
  readonly #heartbeats: Heartbeats;
  #list: readonly MemberAddress[] = [];
  #membership: Membership | undefined;
  #isReady = false;
  #openAt: number | undefined;
  #beatAt = 0;
  #toldWhyNot: string | undefined;
  /** The dead of whom it was told that their heartbeats are refused. */
  readonly #toldRefused = new Set<string>();

  constructor(options: MembersOptions) {
    this.#options = options;
    const { nodeName, port, log, clock, wallClock } = options;
    this.#heartbeats = new Heartbeats({
      nodeName,
      port,
      log,
      clock,
      wallClock,
      onHeartbeat: (heartbeat) => this.#hear(heartbeat),
      onRefused: () => options.drops.countHeartbeat(),
    });
  }

  setKey(key: Uint8Array): void {
    this.#heartbeats.setKey(key);
    this.#tryJoin();
  }

  setList(list: readonly MemberAddress[]): void {
    const names = new Set(list.map(({ name }) => name));
    for (const { name } of this.#list) {
      if (!names.has(name)) {
        this.subnets.delete(name);
      }
    }
    this.#list = list;
    this.#heartbeats.setMembers(list);
    this.#tell(this.#membership?.setMembers([...names]) ?? []);
  }

  /** The links of this node may have other subnets than before; if so, the others hear of it at the next tick. */
  linksChanged(): void {
    const isNews = this.subnets.set(this.#options.nodeName, this.#ownSubnets());
    if (isNews) {
      this.#beatAt = this.#options.clock();
    }
    this.#tell([], isNews);
  }

  ready(): void {
    this.#isReady = true;
    this.#tryJoin();
  }

  /** Whether the MAC address is of another node that was heard. */
  hasMac(mac: Mac): boolean {
    return this.#heartbeats.hasMac(mac);
  }

  /** Whether every other node was heard, so that its MAC addresses are known. */
  get hasHeardAll(): boolean {
    return this.#others().every((name) => this.#heartbeats.hasHeard(name));
  }

  /** Whether some are held alive that were not heard yet, as at the start. */
  get isPresuming(): boolean {
    return this.#others().some(
      (name) => this.#membership?.isAlive(name) === true && !this.#heartbeats.hasHeard(name),
    );
  }

  /** Heartbeats that did not count, by reason. */
  get ignored(): Readonly<Record<string, number>> {
    return this.#membership?.ignored ?? {};
  }

  /** When `tick` has something to do at the earliest; undefined: never. */
  get nextDeadline(): number | undefined {
    if (this.#membership === undefined) {
      return this.#openAt;
    }
    return Math.min(this.#beatAt, this.#membership.nextDeadline ?? this.#beatAt);
  }

  tick(now: number): void {
    if (this.#openAt !== undefined && now >= this.#openAt) {
      this.#tryJoin();
    }
    const membership = this.#membership;
    if (membership === undefined) {
      return;
    }
    if (now >= this.#beatAt) {
      this.#heartbeats.send(this.#options.macs(), this.#ownSubnets());
      const inStep = this.#beatAt + HEARTBEAT_INTERVAL_MS;
      this.#beatAt = inStep > now ? inStep : now + HEARTBEAT_INTERVAL_MS;
    }
    if (now >= (membership.nextDeadline ?? Number.POSITIVE_INFINITY)) {
      // whoever sent a heartbeat while this thread was held up is not to be declared dead for it
      this.#heartbeats.read();
      this.#tell(membership.tick(now).map(inWholeMs));
    }
  }

  read(): void {
    this.#heartbeats.read();
  }

  /** Tells the others that this node leaves. */
  leave(): void {
    if (this.#membership !== undefined) {
      this.#heartbeats.sendGoodbye();
    }
    this.#heartbeats.close();
  }

  #ownSubnets(): readonly IpRange[] {
    return tellable(this.#options.subnets());
  }

  #others(): readonly string[] {
    return this.#list.map(({ name }) => name).filter((name) => name !== this.#options.nodeName);
  }

  #tryJoin(): void {
    if (this.#membership !== undefined || !this.#isReady || !this.#heartbeats.hasKey) {
      return;
    }
    const now = this.#options.clock();
    const descriptors = this.#open(now);
    if (descriptors === undefined) {
      return;
    }
    const names = this.#list.map(({ name }) => name);
    this.#membership = new Membership(this.#options.nodeName, names, now);
    this.subnets.set(this.#options.nodeName, this.#ownSubnets());
    this.#beatAt = now;
    this.#options.onOpen(descriptors);
    this.#options.onAlive(this.#membership.alive(), []);
  }

  #open(now: number): readonly number[] | undefined {
    try {
      const descriptors = this.#heartbeats.open();
      this.#openAt = undefined;
      return descriptors;
    } catch (error) {
      if (!(error instanceof LinuxError)) {
        throw error;
      }
      this.#openAt = now + OPEN_AGAIN_MS;
      if (error.message !== this.#toldWhyNot) {
        this.#toldWhyNot = error.message;
        this.#options.log.error(
          "heartbeats cannot be received: nothing is announced until they are",
          {
            port: this.#options.port,
            error: error.message,
          },
        );
      }
      return undefined;
    }
  }

  /** Returns whether the heartbeat counts. */
  #hear(heartbeat: Heartbeat): boolean {
    const heard = this.#membership?.heard(heartbeat, this.#options.clock());
    if (heard === undefined || typeof heard === "string") {
      if (heard === "old-incarnation") {
        this.#tellRefused(heartbeat);
      }
      return false;
    }
    // told by who says goodbye, none would mean nothing
    const isNews = !heartbeat.leaving && this.subnets.set(heartbeat.sender, heartbeat.subnets);
    this.#tell(heard, isNews);
    return true;
  }

  /** Tells once an outage that the node sends, but is not heard. One packet that came late is no outage. */
  #tellRefused({ sender, incarnation }: Heartbeat): void {
    if (this.#membership?.isAlive(sender) === true || this.#toldRefused.has(sender)) {
      return;
    }
    this.#toldRefused.add(sender);
    const behindMs = Math.round(this.#options.wallClock() - Number(incarnation));
    this.#options.log.warn(
      "heartbeats refused, for the node's clock is behind where it was before: set it right, or restart this speaker if it is right now",
      { node: sender, clockBehindMs: behindMs },
    );
  }

  #tell(changes: readonly MemberChange[], areSubnetsNews = false): void {
    for (const { name } of changes) {
      this.#toldRefused.delete(name);
    }
    if (this.#membership !== undefined && (changes.length > 0 || areSubnetsNews)) {
      this.#options.onAlive(this.#membership.alive(), changes);
    }
  }
}

/** For readers: this thread's clock has fractions. */
function inWholeMs(change: MemberChange): MemberChange {
  const { silentMs } = change;
  return silentMs === undefined ? change : { ...change, silentMs: Math.round(silentMs) };
}
