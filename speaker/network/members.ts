import { MalformedError } from "#lib/bytes/malformed-error.ts";
import type { GroupDemand } from "#lib/election/candidates.ts";
import type { Cause } from "#lib/election/claimant-effect.ts";
import { Contender, type Outcome } from "#lib/election/contender.ts";
import type { Role } from "#lib/election/role.ts";
import { LinuxError } from "#lib/linux/libc.ts";
import type { Log } from "#lib/log/log.ts";
import type { Profile } from "#lib/membership/profile.ts";
import { formatKeptRecords, parseKeptRecords } from "#lib/wire/kept-records.ts";
import type { Mac } from "#lib/wire/mac.ts";
import { isInUse, type LinkUse } from "./link-use.ts";
import { MemberDirectory } from "./member-directory.ts";
import { MemberPost } from "./member-post.ts";
import { MemberReport } from "./member-report.ts";
import type { MemberAddress } from "./messages.ts";
import { OwnInfo, type OwnLink } from "./own-info.ts";
import type { Ownership } from "./ownership.ts";

/** How long to wait until the port is tried again that another process has. */
const OPEN_AGAIN_MS = 1_000;

/** Who leaves gives its addresses away first, but does not wait longer for that. */
const LEAVE_WITHIN_MS = 3_000;

export interface MembersOptions {
  readonly nodeName: string;
  /** UDP. */
  readonly port: number;
  readonly profile: Profile;
  /** Infinity: never. */
  readonly failbackMs: number;
  /** Whether nodes answer with the MAC addresses of others. */
  readonly surrogate: boolean;
  readonly log: Log;
  /** Milliseconds of a clock that never steps back. */
  readonly clock: () => number;
  /** Those that can answer. */
  links(): readonly OwnLink[];
  /** What is to be announced, and where. */
  announced(): Pick<Ownership, "addresses" | "isNamed">;
  /** Frames that these links have received. */
  receivedFrames(): number;
  /** Asks the kernel of a node for its own addresses. */
  probe(node: string): void;
  /** Asks the owner alone, by a frame, whether it answers for the group's address. */
  ask(group: string, owner: string): void;
  /** Announces the group's address once. */
  defend(group: string): void;
  /** Announces the group's addresses as if they had just been taken. */
  announceAnew(group: string): void;
  /** Called with the descriptors of the sockets, once they are open. */
  onOpen(descriptors: readonly number[]): void;
  onRole(group: string): void;
  onOwner(group: string, to: string | undefined, cause: Cause): void;
  /** Called when this node has joined, and whenever a member is in another state or has other links. */
  onMembers(): void;
}

/**
 * This node as a member: it joins when the first table is there, the key is, and the port is open. Until then it hears
 * nobody, and would hold itself for the only one alive.
 */
export class Members {
  readonly report: MemberReport;
  readonly directory: MemberDirectory;
  readonly #options: MembersOptions;
  readonly #post: MemberPost;
  readonly #contender: Contender;
  readonly #ownInfo = new OwnInfo((link) => isInUse(link, this.#linkUse));
  #isReady = false;
  #hasJoined = false;
  #isDraining = false;
  #leaveBy: number | undefined;
  #openAt: number | undefined;
  #toldWhyNot: string | undefined;
  #receivedFrames = 0;
  #isAnnouncedNews = false;

  constructor(options: MembersOptions) {
    this.#options = options;
    const { clock, failbackMs, log, nodeName, profile } = options;
    this.#post = new MemberPost({
      nodeName,
      clock,
      log,
      deliver: (from, message) =>
        this.#performWithoutSending(this.#contender.receive(from, message, clock())),
    });
    this.#contender = new Contender({
      self: nodeName,
      profile,
      failbackMs,
      hasSurrogates: options.surrogate,
      info: this.#ownInfo.of([], false),
      random: Math.random,
      hearsFrames: () => this.#hearsFrames(),
    });
    this.report = new MemberReport(this.#contender.member, options);
    this.directory = new MemberDirectory(this.#contender.member);
  }

  setKey(key: Uint8Array): void {
    this.#post.setKey(key);
    this.#tryJoin();
  }

  setList(list: readonly MemberAddress[]): void {
    this.directory.setList(list);
    this.#post.setMembers(this.directory.reachable);
    const names = new Set(this.directory.names);
    this.report.log.keepOnly(names);
    this.#perform(this.#contender.setNodes(names, this.#now));
    this.#tellInfo();
  }

  /** The links of this node may have other MAC addresses or subnets than before. */
  linksChanged(): void {
    this.#tellInfo();
  }

  /** Other addresses than before are to be announced, or elsewhere: it is looked at in the next turn. */
  announcedChanged(): void {
    this.#isAnnouncedNews = true;
  }

  /** @param isDraining this node is to give its addresses away */
  setDraining(isDraining: boolean): void {
    this.#isDraining = isDraining;
    this.#tellInfo();
  }

  /** Takes what the network thread of the former speaker kept; to be called before this one is ready. */
  resume(bytes: Uint8Array): void {
    try {
      const records = parseKeptRecords(bytes);
      this.#contender.member.remember(records);
      this.#options.log.info("membership records resumed, to be confirmed by another node", {
        members: records.members.length,
        addresses: records.claims.length,
      });
    } catch (error) {
      if (!(error instanceof MalformedError)) {
        throw error;
      }
      this.#options.log.warn("membership records in the snapshot cannot be read, and are ignored", {
        why: error.why,
      });
    }
  }

  /** What the next speaker on this node should know. */
  get kept(): Uint8Array {
    const { claims, members } = this.#contender.member.table;
    return formatKeptRecords({ members: [...members], claims: [...claims] });
  }

  /** Of all that is kept: another one when anything else is. */
  get hash(): number {
    return this.#contender.member.table.hash;
  }

  ready(): void {
    this.#isReady = true;
    this.#tryJoin();
  }

  put(demand: GroupDemand): void {
    this.#perform(this.#contender.put(demand, this.#now));
  }

  remove(group: string, because: string): void {
    this.#perform(this.#contender.remove(group, because));
  }

  roleOf(group: string): Role | undefined {
    return this.#contender.claimant.roleOf(group);
  }

  ownerOf(group: string): string | undefined {
    return this.#contender.claimant.ownerOf(group);
  }

  /** Names of those whose kernel is to be listened to: this node watches over them. */
  get watched(): readonly string[] {
    return this.#contender.member.watched;
  }

  /** Whether there may be nodes of which this one has not heard; in what it does not announce, only at its start. */
  mayLackNodes(isAnnounced: boolean): boolean {
    const isAtStart = this.#now < this.#contender.member.claimsFrom;
    return (isAnnounced || isAtStart) && !this.directory.hasHeardAll;
  }

  /** Packets that did not count, by reason. */
  get drops(): Readonly<Record<string, number>> {
    return this.#post.drops;
  }

  /** A frame tells the MAC address of another node as that of the group's address. */
  addressHeard(group: string, mac: Mac): void {
    const node = this.directory.nodeWith(mac);
    if (node !== undefined && node !== this.#options.nodeName) {
      this.#perform(this.#contender.addressHeard(group, node, this.#now));
    }
  }

  /** An ARP packet or advertisement came from the node's own address. */
  kernelHeard(node: string): void {
    this.#contender.probeAnswered(node, this.#now);
  }

  /** When `tick` has something to do at the earliest; undefined: never. */
  get nextDeadline(): number | undefined {
    return this.#hasJoined ? this.#contender.nextDeadline(this.#now) : this.#openAt;
  }

  tick(now: number): void {
    if (this.#isAnnouncedNews) {
      this.#isAnnouncedNews = false;
      this.#lookAtUse();
    }
    if (this.#openAt !== undefined && now >= this.#openAt) {
      this.#tryJoin();
    }
    if (this.#hasJoined && now >= this.#contender.nextDeadline(now)) {
      this.report.tick();
      this.report.counts.ticks(now, this.#contender.member.beatsAt);
      this.#perform(this.#contender.tick(now));
    }
  }

  read(): void {
    this.#post.read();
    this.#post.flush();
  }

  /** Says that this speaker stops and comes back: until then others answer for what it owns. */
  restart(): void {
    if (this.#hasJoined) {
      this.#performWithoutSending(this.#contender.restart(this.#now));
      this.#post.flushApart();
    }
    this.#post.close();
  }

  /** Begins to give away what this node owns. */
  leave(): void {
    this.#leaveBy ??= this.#now + LEAVE_WITHIN_MS;
    this.setDraining(true);
  }

  /** Whether nothing is left to be given away, or it takes too long. */
  get hasLeft(): boolean {
    const owned = this.#contender.member.table.ownedBy(this.#options.nodeName);
    return !this.#hasJoined || owned.size === 0 || this.#now >= (this.#leaveBy ?? 0);
  }

  get #now(): number {
    return this.#options.clock();
  }

  #hearsFrames(): boolean {
    const before = this.#receivedFrames;
    this.#receivedFrames = this.#options.receivedFrames();
    return this.#receivedFrames !== before;
  }

  get #linkUse(): LinkUse {
    const ownership = this.#options.announced();
    return {
      nodeAddresses: this.directory.reachable.flatMap(({ addresses }) => addresses),
      announced: ownership.addresses(),
      isNamed: (link) => ownership.isNamed(link),
    };
  }

  /** Whether a link without carrier is in use matters only where there is one. */
  #lookAtUse(): void {
    if (this.#ownInfo.hasLost) {
      this.#tellInfo();
    }
  }

  #tellInfo(): void {
    const before = this.#ownInfo.lost;
    const info = this.#ownInfo.of(this.#options.links(), this.#isDraining);
    this.#logLost(new Set(before), new Set(this.#ownInfo.lost));
    this.#perform(this.#contender.setInfo(info, this.#now));
    this.#membersChanged();
  }

  #logLost(before: ReadonlySet<string>, after: ReadonlySet<string>): void {
    const { log } = this.#options;
    for (const link of after.difference(before)) {
      log.warn("link has no carrier: what this node owns goes to others that are whole", { link });
    }
    for (const link of before.difference(after)) {
      log.info("link has its carrier again, or is not in use any more", { link });
    }
  }

  #tryJoin(): void {
    if (this.#hasJoined || !this.#isReady || !this.#post.hasKey) {
      return;
    }
    const descriptors = this.#open();
    if (descriptors === undefined) {
      return;
    }
    this.#hasJoined = true;
    this.#options.onOpen(descriptors);
    this.#tellInfo();
    this.#perform(this.#contender.start(this.#now));
    this.#membersChanged();
  }

  #open(): readonly number[] | undefined {
    const { log, port } = this.#options;
    try {
      const descriptors = this.#post.open(port);
      this.#openAt = undefined;
      return descriptors;
    } catch (error) {
      if (!(error instanceof LinuxError)) {
        throw error;
      }
      this.#openAt = this.#now + OPEN_AGAIN_MS;
      if (error.message !== this.#toldWhyNot) {
        this.#toldWhyNot = error.message;
        log.error("heartbeats cannot be received: nothing is announced until they are", {
          port,
          error: error.message,
        });
      }
      return undefined;
    }
  }

  #perform(outcomes: readonly Outcome[]): void {
    this.#performWithoutSending(outcomes);
    this.#post.flush();
  }

  #performWithoutSending(outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) {
      this.#performOne(outcome);
    }
  }

  #performOne(outcome: Outcome): void {
    const { onOwner, onRole, probe } = this.#options;
    switch (outcome.kind) {
      case "send":
        this.#post.post(outcome.to, outcome.message);
        break;
      case "probe":
        probe(outcome.node);
        break;
      case "role":
        onRole(outcome.group);
        break;
      case "owner":
        this.report.counts.ownerChanged(outcome.to, outcome);
        onOwner(outcome.group, outcome.to, outcome);
        break;
      case "member":
        this.report.log.changed(outcome.change);
        this.#membersChanged();
        break;
      case "info":
        this.#membersChanged();
        break;
      case "forgotten":
        this.directory.forget(outcome.node);
        this.#post.setMembers(this.directory.reachable);
        break;
      case "ask":
        this.#options.ask(outcome.group, outcome.owner);
        break;
      case "defend":
        this.#options.defend(outcome.group);
        break;
      case "announce":
        this.#options.announceAnew(outcome.group);
        break;
      case "hearing":
        this.report.log.hearing(outcome.node, outcome.hearsThis);
        break;
      case "settled":
        this.report.log.settled(outcome.isSettled, outcome.because);
        break;
    }
  }

  #membersChanged(): void {
    this.directory.outdate();
    if (this.#hasJoined) {
      this.#options.onMembers();
    }
  }
}
