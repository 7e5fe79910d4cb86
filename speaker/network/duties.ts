/**
 * What this node does about each address on each of its links. It follows from who owns the address, how far its tenure
 * has come, which links may answer for it, and who wants to see its frames.
 */

import type { Log } from "#lib/log/log.ts";
import type { Mac } from "#lib/wire/mac.ts";
import { Stance } from "./heard-address.ts";
import type { Conflict } from "./messages.ts";
import type { AllowedLinks, Ownership, Part } from "./ownership.ts";
import type { Pace } from "./pace.ts";
import { type Effect, Tenures } from "./tenures.ts";

/** One link, as far as duties go. */
export interface DutyLink {
  readonly index: number;
  readonly name: string;
  set(ip: string, stance: Stance | undefined, voice?: Mac): void;
  defend(ip: string): boolean;
  /** Returns whether the question went out. */
  probe(ip: string): boolean;
}

export interface DutyOptions {
  readonly ownership: Ownership;
  readonly log: Log;
  /** Of probes. */
  readonly probePace: Pace;
  /** Milliseconds of a clock that never steps back. */
  readonly clock: () => number;
  /** Those that can answer. */
  links(): readonly DutyLink[];
  /** Whether the link has a subnet that holds the address. */
  isInSubnetOf(link: DutyLink, ip: string): boolean;
  /** The MAC address of the node on the network of that link; undefined: it is not known. */
  macOn(link: DutyLink, node: string): Mac | undefined;
  /** The addresses about which somebody wants to see the frames. */
  captured(): ReadonlySet<string>;
  conflict(conflict: Conflict): void;
  conflictOver(ip: string): void;
}

export class Duties {
  readonly #options: DutyOptions;
  readonly #tenures: Tenures;
  /** Addresses that this node is to lend its voice for, and does not know on some link with which MAC address. */
  readonly #voiceless = new Set<string>();

  constructor(options: DutyOptions) {
    this.#options = options;
    this.#tenures = new Tenures(options.probePace);
  }

  /** When `tick` has something to do at the earliest; undefined: never. */
  get nextDeadline(): number | undefined {
    return this.#tenures.nextDeadline;
  }

  tick(now: number): void {
    this.#perform(this.#tenures.tick(now));
  }

  /** Looks at addresses in which this node may have another part than before. */
  look(ips: Iterable<string>): void {
    for (const ip of ips) {
      const part = this.#options.ownership.partIn(ip);
      const effects = this.#follow(ip, part);
      this.#setOnLinks(ip, part);
      this.#perform(effects);
    }
  }

  /** Looks at those addresses again: some MAC address has become known. */
  lookAtVoiceless(): void {
    this.look([...this.#voiceless]);
  }

  /** Takes up all that a link has to do that came, or may answer for other addresses than before. */
  lookAtLink(link: DutyLink): void {
    const { captured, ownership } = this.#options;
    for (const ip of new Set([...ownership.addresses(), ...captured()])) {
      this.#setOn(link, ip, ownership.partIn(ip));
    }
  }

  /** Whether this node owns the address and nobody else had it first, as far as is known. */
  isAnnounced(ip: string): boolean {
    return this.#tenures.stanceOf(ip) === Stance.own;
  }

  /** Whose claim to the address it is that was heard is known then. */
  suspend(ip: string, until: number): void {
    this.#tenures.suspend(ip, until);
  }

  /** A host that is not of this cluster claims the address. */
  claimed(ip: string, mac: Mac, link: string): void {
    this.#perform(this.#tenures.heard(ip, mac, link, this.#options.clock()));
  }

  /** Begins or ends the tenure of the address. */
  #follow(ip: string, part: Part | undefined): readonly Effect[] {
    const isNewlyContested = this.#options.ownership.takeNewlyContested(ip);
    if (this.#options.ownership.takeLost(ip)) {
      this.#end(ip);
    }
    const stance = this.#tenures.stanceOf(ip);
    if (part?.role.kind !== "own") {
      this.#tenures.end(ip);
      return [];
    }
    const now = this.#options.clock();
    if (stance === undefined) {
      return this.#tenures.begin(ip, this.#howToBegin(part), now);
    }
    return isNewlyContested ? this.#tenures.contest(ip, now) : [];
  }

  /** Another node may have announced the address: if this one owns it again already, it has to be announced anew. */
  #end(ip: string): void {
    if (this.#tenures.stanceOf(ip) !== undefined) {
      this.#tenures.end(ip);
      for (const link of this.#options.links()) {
        link.set(ip, Stance.listen);
      }
    }
  }

  #howToBegin({ isContested, isDoubtful, isNew }: Part): "contested" | "known" | "new" {
    if (isContested) {
      return "contested";
    }
    return isNew || isDoubtful ? "new" : "known";
  }

  #setOnLinks(ip: string, part: Part | undefined): void {
    this.#voiceless.delete(ip);
    for (const link of this.#options.links()) {
      this.#setOn(link, ip, part);
    }
  }

  #setOn(link: DutyLink, ip: string, part: Part | undefined): void {
    const stance = this.#stanceOn(link, ip, part);
    if (stance !== Stance.voice || part?.role.kind !== "voice") {
      link.set(ip, stance);
      return;
    }
    const mac = this.#options.macOn(link, part.role.of);
    link.set(ip, mac === undefined ? Stance.listen : stance, mac);
    if (mac === undefined) {
      this.#voiceless.add(ip);
    }
  }

  #stanceOn(link: DutyLink, ip: string, part: Part | undefined): Stance | undefined {
    const { captured, isInSubnetOf } = this.#options;
    const mayAnswer = part?.on.some(
      (allowed) =>
        isAllowed(link, allowed) && (allowed.onSubnetOnly !== true || isInSubnetOf(link, ip)),
    );
    if (mayAnswer !== true) {
      return captured().has(ip) ? Stance.watch : undefined;
    }
    switch (part?.role.kind) {
      case "own":
        return this.#tenures.stanceOf(ip);
      case "voice":
        return part.isContested ? Stance.listen : Stance.voice;
      case "listen":
      case undefined:
        return Stance.listen;
    }
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      this.#performOne(effect);
    }
  }

  #performOne(effect: Effect): void {
    const { conflict, conflictOver, links, ownership } = this.#options;
    switch (effect.kind) {
      case "stance":
        this.#setOnLinks(effect.ip, ownership.partIn(effect.ip));
        break;
      case "probe": {
        const sent = links().map((link) => link.probe(effect.ip));
        if (!sent.includes(true)) {
          this.#tenures.notProbed(effect.ip, this.#options.clock());
        }
        break;
      }
      case "defend":
        links()
          .find(({ name }) => name === effect.link)
          ?.defend(effect.ip);
        break;
      case "conflict":
        this.#logConflict(effect.conflict);
        conflict(effect.conflict);
        break;
      case "conflict-over":
        this.#options.log.info("address conflict over", { ip: effect.ip });
        conflictOver(effect.ip);
        break;
    }
  }

  #logConflict({ ip, link, mac, when }: Conflict): void {
    this.#options.log.warn("address conflict", { ip, link, mac, defended: when === "in-use" });
  }
}

function isAllowed(link: DutyLink, { links }: AllowedLinks): boolean {
  return links === undefined || links.includes(link.name);
}
