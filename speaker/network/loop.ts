import { Eventfd } from "#lib/linux/eventfd.ts";
import { FrameBatch } from "#lib/linux/frame-batch.ts";
import { LinuxError } from "#lib/linux/libc.ts";
import { LinkSocket } from "#lib/linux/link-socket.ts";
import { PollSet } from "#lib/linux/poll-set.ts";
import type { MemberChange } from "#lib/membership/membership.ts";
import { ArpLink, type ArpLinkContext } from "./arp-link.ts";
import { DropCounts } from "./drop-counts.ts";
import type { AnsweringLink } from "./link-rules.ts";
import { Links } from "./links.ts";
import { Members } from "./members.ts";
import type { ToNetwork } from "./messages.ts";
import type { NetworkLog } from "./network-log.ts";
import type { Outbox } from "./outbox.ts";
import { type AnsweredOn, Ownership, type Transfer } from "./ownership.ts";

/** While the loop sleeps, the process cannot end otherwise than by a signal. */
const MAX_SLEEP_MS = 500;

/** How often to look whether the main thread has caught up, when it had not. */
const FLUSH_INTERVAL_MS = 50;

const TELL_DROPS_INTERVAL_MS = 10_000;

/** Taking a message costs some 10 µs; then heartbeats and requests have their turn. */
const MAX_MESSAGES_A_TURN = 500;

export interface LoopOptions {
  readonly nodeName: string;
  readonly memberPort: number;
  /** Matched anywhere in a link's name. */
  readonly excludedLinks: readonly RegExp[];
  /** An eventfd that is signalled after each message. */
  readonly wake: number;
  readonly outbox: Outbox;
  readonly log: NetworkLog;
  /** Milliseconds of a clock that never steps back. */
  readonly clock: () => number;
  /** Milliseconds since the epoch, of the clock that may be set. */
  readonly wallClock: () => number;
  nextMessage(): ToNetwork | undefined;
}

/** The loop of the network thread: waits for packets, links and messages until the next deadline, and does what is due. */
export class NetworkLoop {
  readonly #options: LoopOptions;
  readonly #poll = new PollSet();
  readonly #wake: Eventfd;
  readonly #linkSocket = LinkSocket.open();
  readonly #links: Links<ArpLink>;
  readonly #members: Members;
  readonly #ownership: Ownership;
  readonly #drops = new DropCounts();
  #toldLinks = "";
  #tellDropsAt = 0;
  #isStopped = false;

  constructor(options: LoopOptions) {
    this.#options = options;
    const { nodeName, memberPort, excludedLinks, log, clock, wallClock } = options;
    this.#wake = new Eventfd(options.wake);
    this.#ownership = new Ownership(nodeName);
    const context: ArpLinkContext = {
      received: new FrameBatch(),
      replies: new FrameBatch(),
      announcements: new FrameBatch(),
      drops: this.#drops,
      log,
      clock,
      isOfCluster: (mac) => this.#links.hasMac(mac) || this.#members.hasMac(mac),
    };
    this.#links = new Links(
      this.#linkSocket,
      excludedLinks,
      {
        open: (link) => this.#openLink(context, link),
        close: (link) => {
          this.#poll.unwatch(link.descriptor);
          link.close();
        },
      },
      log,
    );
    this.#members = new Members({
      nodeName,
      port: memberPort,
      drops: this.#drops,
      log,
      clock,
      wallClock,
      macs: () => this.#links.answering.map(({ mac }) => mac),
      onOpen: (descriptors) => {
        for (const descriptor of descriptors) {
          this.#poll.watch(descriptor, () => this.#members.read());
        }
      },
      onAlive: (alive, changes) => this.#aliveChanged(alive, changes),
    });
  }

  /** Runs until the main thread says stop. */
  run(): void {
    this.#poll.watch(this.#wake.descriptor, () => this.#takeMessages());
    this.#poll.watch(this.#linkSocket.descriptor, () => this.#readLinks());
    this.#links.requestAll();
    while (!this.#isStopped) {
      this.#poll.wait(this.#sleepMs());
      this.#tick();
    }
    this.#links.closeAll();
    this.#members.leave();
    this.#linkSocket.close();
    this.#options.outbox.flush();
  }

  /** Whole milliseconds, rounded up: a turn that comes too early would only have to sleep again. */
  #sleepMs(): number {
    const now = this.#options.clock();
    let until = now + (this.#options.outbox.isHolding ? FLUSH_INTERVAL_MS : MAX_SLEEP_MS);
    until = Math.min(until, this.#members.nextDeadline ?? until);
    for (const link of this.#links.answering) {
      until = Math.min(until, link.nextDeadline ?? until);
    }
    return Math.max(0, Math.ceil(until - now));
  }

  #tick(): void {
    const now = this.#options.clock();
    this.#members.tick(now);
    this.#answerForTouched();
    for (const link of this.#links.answering) {
      link.tick(now);
    }
    if (now >= this.#tellDropsAt) {
      this.#tellDropsAt = now + TELL_DROPS_INTERVAL_MS;
      const news = this.#drops.takeNews(this.#members.ignored);
      if (news !== undefined) {
        this.#options.log.debug("packets dropped", news);
      }
    }
    this.#options.outbox.flush();
  }

  #takeMessages(): void {
    // drained before the messages are taken: one that comes meanwhile is either taken now or signalled again
    this.#wake.drain();
    for (let taken = 0; taken < MAX_MESSAGES_A_TURN; taken++) {
      const message = this.#options.nextMessage();
      if (message === undefined) {
        return;
      }
      this.#take(message);
    }
    this.#wake.signal();
  }

  #take(message: ToNetwork): void {
    switch (message.kind) {
      case "members":
        this.#members.setList(message.members);
        break;
      case "put":
        this.#options.log.debug("row taken by the network thread", {
          service: message.row.service,
          ip: message.row.ips.join(" "),
        });
        this.#tellTransfers(this.#ownership.put(message.row));
        break;
      case "remove":
        this.#tellTransfers(this.#ownership.remove(message.service));
        break;
      case "ready":
        this.#members.ready();
        break;
      case "key":
        this.#members.setKey(message.key);
        break;
      case "log-level":
        this.#options.log.setLevel(message.level);
        break;
      case "stop":
        this.#isStopped = true;
        break;
    }
  }

  #readLinks(): void {
    this.#links.read();
    const names = this.#links.answering.map(({ name }) => name);
    if (names.join() !== this.#toldLinks) {
      this.#toldLinks = names.join();
      this.#options.outbox.sendState({ kind: "links", links: names });
    }
  }

  #openLink(context: ArpLinkContext, link: AnsweringLink): ArpLink | undefined {
    try {
      const opened = ArpLink.open(context, link);
      this.#poll.watch(opened.descriptor, () => opened.read());
      for (const address of this.#ownership.addresses()) {
        this.#answerFor(address, this.#ownership.answeredOn(address), opened);
      }
      return opened;
    } catch (error) {
      if (error instanceof LinuxError && (error.code === "ENODEV" || error.code === "ENXIO")) {
        return undefined;
      }
      throw error;
    }
  }

  #aliveChanged(alive: ReadonlySet<string>, changes: readonly MemberChange[]): void {
    this.#options.outbox.sendState({ kind: "alive", nodes: [...alive] });
    this.#tellTransfers(this.#ownership.setAlive(alive, changes));
  }

  #answerForTouched(): void {
    for (const address of this.#ownership.takeTouched()) {
      const on = this.#ownership.answeredOn(address);
      for (const link of this.#links.answering) {
        this.#answerFor(address, on, link);
      }
    }
  }

  #answerFor(address: number, on: AnsweredOn, link: ArpLink): void {
    if (on === "every link" || on.has(link.name)) {
      link.take(address);
    } else {
      link.drop(address);
    }
  }

  /** The nodes that a transfer concerns tell of it; all others know it too, and would only repeat it. */
  #tellTransfers(transfers: readonly Transfer[]): void {
    if (transfers.length === 0) {
      return;
    }
    const { outbox, log, nodeName } = this.#options;
    outbox.sendOwners(transfers.map(({ change }) => change));
    for (const { change, ips } of transfers) {
      const { service, ...reason } = change;
      const isOurs = change.from === nodeName || change.to === nodeName || change.to === undefined;
      for (const ip of ips) {
        log[isOurs ? "info" : "debug"]("owner changed", { ip, service, ...reason });
      }
    }
  }
}
