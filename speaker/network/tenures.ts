/**
 * How this node holds each address that it owns. A machine without clock and sockets: it is told what was heard and what
 * time it is, and returns what is to be done. "Claimed" is by a foreign host: none of this cluster.
 *
 *  state      | meaning                        | event           | then
 *  -----------|--------------------------------|-----------------|--------------------------------------------------
 *  -          | not this node's                | begin known     | announced: own
 *             |                                | begin new       | tentative
 *             |                                | begin contested | contested
 *  tentative  | answered; are there others?    | 0, 75, 150 ms   | probe
 *             |                                | 200 ms          | announced: own
 *             |                                | claimed         | contested: listen, tell "first-use"
 *  contested  | silent; is the other gone?     | every 2 s       | probe
 *             |                                | claimed         | tell "first-use", if it is a host not told of
 *             |                                | 10 s of silence | announced: own, tell that it is over
 *  announced  | nobody else was heard          | claimed         | disputed: defend, tell "in-use"
 *  disputed   | announced, others claim it too | claimed         | defend; tell "in-use", if it is a host not told of
 *             |                                | 60 s of silence | announced: tell that it is over
 *  any        |                                | end             | -
 *
 * RFC 5227 §2.1.1 waits up to a second before the first of its three probes, one or two between them, and two after the
 * last. That is for hosts that all boot at once, on ports that do not forward yet. A speaker is on a network that works;
 * its three probes and the wait take 200 ms, and requests are answered meanwhile, in the spirit of RFC 4429.
 */

import TinyQueue from "tinyqueue";
import type { Mac } from "#lib/wire/mac.ts";
import { Dispute } from "./dispute.ts";
import { Stance } from "./heard-address.ts";
import type { Conflict } from "./messages.ts";
import type { Pace } from "./pace.ts";

/** PROBE_NUM of RFC 5227 §1.1, then what stands for PROBE_MIN, PROBE_MAX and ANNOUNCE_WAIT. */
const PROBES = 3;
const PROBE_INTERVAL_MS = 75;
const ANNOUNCE_WAIT_MS = 50;

/** While the address is silent; the other host answers, if it is still there. */
const CONTESTED_PROBE_INTERVAL_MS = 2_000;
const CONTESTED_UNTIL_SILENT_MS = 10_000;

/** Nobody probes meanwhile: the other host is heard when it speaks by itself. */
const DISPUTED_UNTIL_SILENT_MS = 60_000;

/** What is to be done. Every `ip` is canonical text. A link announces by itself what becomes its own. */
export type Effect =
  | { readonly kind: "stance"; readonly ip: string; readonly stance: Stance }
  /** Ask once who has the address, on all its links. */
  | { readonly kind: "probe"; readonly ip: string }
  /** Announce it once, on that link. */
  | { readonly kind: "defend"; readonly ip: string; readonly link: string }
  | { readonly kind: "conflict"; readonly conflict: Conflict }
  | { readonly kind: "conflict-over"; readonly ip: string };

/** A foreign host was heard. */
type Claimed =
  | { readonly state: "contested"; readonly dispute: Dispute; probeAt: number }
  | { readonly state: "disputed"; readonly dispute: Dispute };

type Situation =
  | { readonly state: "tentative"; probesLeft: number }
  | { readonly state: "announced" }
  | Claimed;

interface Tenure {
  readonly ip: string;
  situation: Situation;
  /** When something is to be done at the earliest; Infinity: when a foreign host is heard. */
  dueAt: number;
}

interface Deadline {
  readonly tenure: Tenure;
  /** Another one has taken its place if it is not that of the tenure. */
  readonly at: number;
}

const STANCES: Readonly<Record<Situation["state"], Stance>> = {
  tentative: Stance.tentative,
  contested: Stance.listen,
  announced: Stance.own,
  disputed: Stance.own,
};

const ANNOUNCED: Situation = { state: "announced" };
const NEVER = Number.POSITIVE_INFINITY;

export class Tenures {
  readonly #pace: Pace;
  readonly #tenures = new Map<string, Tenure>();
  readonly #deadlines = new TinyQueue<Deadline>([], (a, b) => a.at - b.at);

  /** @param pace of the probes: of many addresses that begin at once, some wait for their first */
  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /** undefined: the address is not held. */
  stanceOf(ip: string): Stance | undefined {
    const tenure = this.#tenures.get(ip);
    return tenure === undefined ? undefined : STANCES[tenure.situation.state];
  }

  /** When `tick` has something to do at the earliest; undefined: never, unless a foreign host is heard. */
  get nextDeadline(): number | undefined {
    return this.#firstDeadline()?.at;
  }

  /**
   * Takes an address on; one that is held already goes on as it does.
   *
   * @param how "new": nobody had it before; "contested": a foreign host is known to have it; "known": neither
   */
  begin(ip: string, how: "known" | "new" | "contested", now: number): readonly Effect[] {
    if (this.#tenures.has(ip)) {
      return [];
    }
    const tenure: Tenure = { ip, situation: ANNOUNCED, dueAt: NEVER };
    this.#tenures.set(ip, tenure);
    if (how === "known") {
      return announced(tenure);
    }
    const probeAt = Math.max(now, this.#pace.readyAt);
    if (how === "new") {
      this.#pace.spend(PROBES, probeAt);
      tenure.situation = { state: "tentative", probesLeft: PROBES };
    } else {
      this.#pace.spend(1, probeAt);
      tenure.situation = { state: "contested", dispute: new Dispute(probeAt), probeAt };
    }
    this.#setDue(tenure, probeAt);
    return [stance(tenure)];
  }

  /** A foreign host had the address first: what another node found out while this one owned it already. */
  contest(ip: string, now: number): readonly Effect[] {
    const tenure = this.#tenures.get(ip);
    if (tenure?.situation.state !== "announced") {
      return [];
    }
    tenure.situation = { state: "contested", dispute: new Dispute(now), probeAt: now };
    this.#setDue(tenure, now);
    return [stance(tenure)];
  }

  /** A probe could not go out, as when no link has a carrier: that nobody objects says nothing. */
  notProbed(ip: string, now: number): void {
    const { situation } = this.#tenures.get(ip) ?? {};
    if (situation?.state === "tentative") {
      situation.probesLeft = PROBES;
    } else if (situation?.state === "contested") {
      situation.dispute.waitAnew(now);
    }
  }

  /** Something is to be found out until then: an address that is not announced yet waits for it. */
  suspend(ip: string, until: number): void {
    const tenure = this.#tenures.get(ip);
    if (tenure?.situation.state === "tentative" && tenure.dueAt <= until) {
      this.#setDue(tenure, until + ANNOUNCE_WAIT_MS);
    }
  }

  /** Gives an address up. */
  end(ip: string): void {
    const tenure = this.#tenures.get(ip);
    if (tenure !== undefined) {
      tenure.dueAt = NEVER;
      this.#tenures.delete(ip);
    }
  }

  /** A foreign host claims the address. */
  heard(ip: string, mac: Mac, link: string, now: number): readonly Effect[] {
    const tenure = this.#tenures.get(ip);
    if (tenure === undefined) {
      return [];
    }
    const isSilenced = tenure.situation.state === "tentative";
    const situation = claimed(tenure.situation, now);
    tenure.situation = situation;
    const effects: Effect[] = isSilenced ? [stance(tenure)] : [];
    situation.dispute.hear(mac, link, now);
    if (situation.state === "disputed" && situation.dispute.mayDefend(link, now)) {
      effects.push({ kind: "defend", ip, link });
    }
    effects.push(...news(ip, situation, now));
    const dueAt = dueAtOf(situation);
    // what comes later than it would have is seen to when the former instant has come
    if (dueAt < tenure.dueAt) {
      this.#setDue(tenure, dueAt);
    }
    return effects;
  }

  /** Does what is due. Frames that wait in a socket are to be handed in before: they may be objections. */
  tick(now: number): readonly Effect[] {
    const effects: Effect[] = [];
    let first = this.#firstDeadline();
    while (first !== undefined && first.at <= now) {
      this.#deadlines.pop();
      effects.push(...this.#advance(first.tenure, now));
      first = this.#firstDeadline();
    }
    return effects;
  }

  #advance(tenure: Tenure, now: number): readonly Effect[] {
    tenure.dueAt = NEVER;
    const { situation } = tenure;
    switch (situation.state) {
      case "tentative":
        return this.#probe(tenure, situation, now);
      case "contested":
      case "disputed":
        return this.#observe(tenure, situation, now);
      case "announced":
        return [];
    }
  }

  #probe(
    tenure: Tenure,
    situation: Extract<Situation, { state: "tentative" }>,
    now: number,
  ): readonly Effect[] {
    if (situation.probesLeft === 0) {
      return announced(tenure);
    }
    situation.probesLeft -= 1;
    this.#setDue(tenure, now + (situation.probesLeft > 0 ? PROBE_INTERVAL_MS : ANNOUNCE_WAIT_MS));
    return [{ kind: "probe", ip: tenure.ip }];
  }

  /** Looks whether the others are gone, and at those of whom nobody was told yet. */
  #observe(tenure: Tenure, situation: Claimed, now: number): readonly Effect[] {
    const { ip } = tenure;
    if (now >= overAt(situation)) {
      tenure.situation = ANNOUNCED;
      const over: Effect = { kind: "conflict-over", ip };
      return situation.state === "contested" ? [...announced(tenure), over] : [over];
    }
    const effects: Effect[] = [...news(ip, situation, now)];
    if (situation.state === "contested" && now >= situation.probeAt) {
      effects.push({ kind: "probe", ip });
      situation.probeAt = now + CONTESTED_PROBE_INTERVAL_MS;
    }
    this.#setDue(tenure, dueAtOf(situation));
    return effects;
  }

  #setDue(tenure: Tenure, at: number): void {
    tenure.dueAt = at;
    this.#deadlines.push({ tenure, at });
  }

  /** The first that still counts; those before it are dropped. */
  #firstDeadline(): Deadline | undefined {
    let first = this.#deadlines.peek();
    while (first !== undefined && first.tenure.dueAt !== first.at) {
      this.#deadlines.pop();
      first = this.#deadlines.peek();
    }
    return first;
  }
}

/** What the situation is when a foreign host has just been heard. */
function claimed(before: Situation, now: number): Claimed {
  switch (before.state) {
    case "tentative": {
      const probeAt = now + CONTESTED_PROBE_INTERVAL_MS;
      return { state: "contested", dispute: new Dispute(now), probeAt };
    }
    case "announced":
      return { state: "disputed", dispute: new Dispute(now) };
    case "contested":
    case "disputed":
      return before;
  }
}

function announced(tenure: Tenure): readonly Effect[] {
  tenure.situation = ANNOUNCED;
  return [stance(tenure)];
}

function stance({ ip, situation }: Tenure): Effect {
  return { kind: "stance", ip, stance: STANCES[situation.state] };
}

function news(ip: string, { state, dispute }: Claimed, now: number): readonly Effect[] {
  const claim = dispute.takeNews(now);
  const when = state === "contested" ? "first-use" : "in-use";
  return claim === undefined ? [] : [{ kind: "conflict", conflict: { ip, ...claim, when } }];
}

function overAt({ state, dispute }: Claimed): number {
  return (
    dispute.heardAt + (state === "contested" ? CONTESTED_UNTIL_SILENT_MS : DISPUTED_UNTIL_SILENT_MS)
  );
}

function dueAtOf(situation: Claimed): number {
  const dueAt = Math.min(overAt(situation), situation.dispute.tellAt);
  return situation.state === "contested" ? Math.min(dueAt, situation.probeAt) : dueAt;
}
