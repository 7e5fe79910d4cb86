import type { Link } from "#lib/linux/netlink-links.ts";
import type { NetlinkEvent } from "#lib/linux/netlink-socket.ts";
import type { Log } from "#lib/log/log.ts";
import type { Mac } from "#lib/wire/mac.ts";
import { type AnsweringLink, decideOn } from "./link-rules.ts";

/** What answers on a link. */
export interface Responder {
  readonly mac: Mac;
  update(link: AnsweringLink): void;
}

/** What is done about links that can answer. */
export interface LinkListener<R extends Responder> {
  /** Returns undefined when the link is gone already. */
  open(link: AnsweringLink): R | undefined;
  close(responder: R): void;
}

interface Known<R extends Responder> {
  readonly link: Link;
  readonly responder: R | undefined;
  /** Why it cannot answer. */
  readonly why: string | undefined;
}

/** The links of this machine as netlink tells of them, and what answers on each that can. */
export class Links<R extends Responder> {
  readonly #excluded: readonly RegExp[];
  readonly #listener: LinkListener<R>;
  readonly #log: Log;
  /** By index, which stays when a link is renamed. */
  readonly #known = new Map<number, Known<R>>();
  /** What of the above can answer, for the loop reads it at every turn; undefined when it may be another. */
  #answering: readonly R[] | undefined = [];
  /** The indexes that the running dump has named; undefined when none runs. */
  #dumped: Set<number> | undefined;

  /** @param excluded matched anywhere in the name */
  constructor(excluded: readonly RegExp[], listener: LinkListener<R>, log: Log) {
    this.#excluded = excluded;
    this.#listener = listener;
    this.#log = log;
  }

  /** Those that can answer. */
  get answering(): readonly R[] {
    this.#answering ??= [...this.#known.values()].flatMap(({ responder }) => responder ?? []);
    return this.#answering;
  }

  /** Whether the MAC address is of any link of this machine. */
  hasMac(mac: Mac): boolean {
    return this.#known.values().some(({ link }) => link.mac === mac);
  }

  closeAll(): void {
    for (const responder of this.answering) {
      this.#listener.close(responder);
    }
    this.#known.clear();
    this.#answering = [];
  }

  /** Takes what the kernel says of a link; what it says of other things is nothing to it. */
  take(event: NetlinkEvent): void {
    switch (event.kind) {
      case "dump":
        this.#dumped = new Set();
        break;
      case "done":
        this.#endDump();
        break;
      case "link":
        this.#dumped?.add(event.link.index);
        this.#update(event.link);
        break;
      case "unlink":
        this.#forget(event.index);
        break;
      case "address":
      case "unaddress":
      case "gateway":
      case "routes-changed":
        break;
    }
  }

  /** The links that a complete dump does not name are gone, and the message about their end was lost. */
  #endDump(): void {
    for (const index of [...this.#known.keys()]) {
      if (this.#dumped?.has(index) === false) {
        this.#forget(index);
      }
    }
    this.#dumped = undefined;
  }

  #update(link: Link): void {
    const before = this.#known.get(link.index);
    const decision = decideOn(link, this.#excluded);
    if (decision.kind === "cannot" || before?.link.name !== link.name) {
      this.#close(before);
    }
    if (decision.kind === "cannot") {
      this.#note(before, { link, responder: undefined, why: decision.why });
      return;
    }
    const opened = before?.link.name === link.name ? before.responder : undefined;
    const responder = opened ?? this.#listener.open(decision.link);
    opened?.update(decision.link);
    this.#note(before, {
      link,
      responder,
      why: responder === undefined ? "it is gone" : undefined,
    });
  }

  #forget(index: number): void {
    const before = this.#known.get(index);
    if (before !== undefined) {
      this.#close(before);
      this.#note(before, { link: before.link, responder: undefined, why: "it is gone" });
      this.#known.delete(index);
      this.#answering = undefined;
    }
  }

  #close(known: Known<R> | undefined): void {
    if (known?.responder !== undefined) {
      this.#listener.close(known.responder);
    }
  }

  #note(before: Known<R> | undefined, now: Known<R>): void {
    const { link, responder, why } = now;
    this.#known.set(link.index, now);
    this.#answering = undefined;
    if (responder !== undefined && responder !== before?.responder) {
      this.#log.info("link can answer", { link: link.name, mac: responder.mac });
    }
    if (why !== undefined && why !== before?.why) {
      // a link that never could is no news: nodes have hundreds of them, one for each container
      const level = before?.responder === undefined ? "debug" : "info";
      this.#log[level]("link cannot answer", { link: link.name, why });
    }
  }
}
