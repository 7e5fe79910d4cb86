import type { Message } from "#lib/membership/message.ts";
import type { Agenda } from "./agenda.ts";
import { packetsOf } from "./packets.ts";

/** Over a local network, both ways of which take about as long. */
const DELAY_MS = { least: 0.1, most: 0.6 };

/** A packet that others overtake is so late. */
const OVERTAKEN_MS = 40;

/** The network may be split into so many parts. */
export const SIDES: readonly number[] = [0, 1, 2];

export interface Receiver {
  receive(from: string, message: Message): void;
}

/** The local network: who hears whom, and how much is lost. */
export class Medium {
  readonly #agenda: Agenda;
  readonly #random: () => number;
  readonly #changed: () => void;
  readonly #receivers = new Map<string, Receiver>();
  /** Nodes on the same side hear each other. */
  readonly #sides = new Map<string, number>();
  readonly #mute = new Set<string>();
  readonly #deaf = new Set<string>();
  /** Pairs `a>b` between which no message passes, though frames do. */
  readonly #messagesCut = new Set<string>();
  /** Pairs `a>b` between which nothing passes. */
  readonly #allCut = new Set<string>();
  readonly #losses = new Map<string, number>();
  /** No message passes at all, though frames do. */
  #isPlaneCut = false;
  /** 0 … 1, everywhere. */
  loss = 0;
  /** Additional milliseconds at most, drawn for each message. */
  jitterMs = 0;
  /** 0 … 1: how many come twice. */
  duplication = 0;
  /** 0 … 1: how many are overtaken by later ones. */
  reordering = 0;
  readonly packetsOut = new Map<string, number>();
  readonly packetsIn = new Map<string, number>();

  /** @param changed called when others hear each other than before */
  constructor(agenda: Agenda, random: () => number, changed: () => void) {
    this.#agenda = agenda;
    this.#random = random;
    this.#changed = changed;
  }

  plug(name: string, receiver: Receiver): void {
    this.#receivers.set(name, receiver);
    this.#sides.set(name, 0);
  }

  unplug(name: string): void {
    this.setSide(name, -1);
  }

  isPlugged(name: string): boolean {
    return this.sideOf(name) >= 0;
  }

  /** -1: it is not plugged in. */
  sideOf(name: string): number {
    return this.#sides.get(name) ?? -1;
  }

  setSide(name: string, side: number): void {
    this.#sides.set(name, side);
    this.#changed();
  }

  setMute(name: string, isMute: boolean): void {
    setIn(this.#mute, name, isMute);
    this.#changed();
  }

  setDeaf(name: string, isDeaf: boolean): void {
    setIn(this.#deaf, name, isDeaf);
    this.#changed();
  }

  isDeaf(name: string): boolean {
    return this.#deaf.has(name);
  }

  /** Whether clients on its side are answered when they ask it. */
  isReached(name: string): boolean {
    return this.isPlugged(name) && !this.#mute.has(name) && !this.#deaf.has(name);
  }

  /** Of messages only, one way. */
  cutMessages(from: string, to: string, isCut: boolean): void {
    setIn(this.#messagesCut, `${from}>${to}`, isCut);
    this.#changed();
  }

  /** Of everything, one way. */
  cutAll(from: string, to: string, isCut: boolean): void {
    setIn(this.#allCut, `${from}>${to}`, isCut);
    this.#changed();
  }

  /** Of messages only, everywhere. */
  cutPlane(isCut: boolean): void {
    this.#isPlaneCut = isCut;
    this.#changed();
  }

  /** Whether some nodes do not hear each other that have clients in common: then nothing can be agreed upon. */
  get isTorn(): boolean {
    return this.#isPlaneCut || this.#allCut.size + this.#messagesCut.size > 0;
  }

  setLoss(name: string, loss: number): void {
    this.#losses.set(name, loss);
  }

  /** Nobody has lost more than that. */
  get worstLoss(): number {
    return Math.max(this.loss, ...this.#losses.values());
  }

  /** Ends all that was done to it; who is unplugged stays so. */
  heal(): void {
    this.#mute.clear();
    this.#deaf.clear();
    this.#messagesCut.clear();
    this.#allCut.clear();
    this.#losses.clear();
    this.#isPlaneCut = false;
    this.loss = 0;
    this.jitterMs = 0;
    this.duplication = 0;
    this.reordering = 0;
    for (const [name, side] of this.#sides) {
      this.#sides.set(name, Math.min(side, 0));
    }
    this.#changed();
  }

  send(from: string, to: string, message: Message): void {
    const packets = packetsOf(message);
    count(this.packetsOut, from, packets);
    if (!this.#messagePasses(from, to)) {
      return;
    }
    this.#deliver(from, to, message, packets);
    if (this.duplication > 0 && this.#random() < this.duplication) {
      this.#deliver(from, to, message, packets);
    }
  }

  /** A question to the kernel of another node and its answer; calls back when that comes. */
  probe(from: string, to: string, isAnswered: () => boolean, answered: () => void): void {
    count(this.packetsOut, from, 1);
    if (!this.#passes(from, to)) {
      return;
    }
    this.#agenda.after(this.#delay(), () => {
      if (isAnswered() && this.#passes(to, from)) {
        this.#agenda.after(this.#delay(), () => {
          count(this.packetsIn, from, 1);
          answered();
        });
      }
    });
  }

  /** A frame that all get; calls back when it comes. */
  announce(from: string, to: string, heard: () => void): void {
    if (this.#passes(from, to)) {
      this.#agenda.after(this.#delay(), heard);
    }
  }

  #deliver(from: string, to: string, message: Message, packets: number): void {
    this.#agenda.after(this.#delay(), () => {
      count(this.packetsIn, to, packets);
      this.#receivers.get(to)?.receive(from, message);
    });
  }

  #messagePasses(from: string, to: string): boolean {
    const isCut =
      this.#isPlaneCut || (this.#messagesCut.size > 0 && this.#messagesCut.has(`${from}>${to}`));
    return !isCut && this.#passes(from, to);
  }

  #passes(from: string, to: string): boolean {
    const side = this.sideOf(from);
    if (side < 0 || side !== this.sideOf(to) || this.#mute.has(from) || this.#deaf.has(to)) {
      return false;
    }
    if (this.#allCut.size > 0 && this.#allCut.has(`${from}>${to}`)) {
      return false;
    }
    const loss = Math.max(this.loss, this.#losses.get(from) ?? 0, this.#losses.get(to) ?? 0);
    return loss === 0 || this.#random() >= loss;
  }

  #delay(): number {
    const { least, most } = DELAY_MS;
    const late = this.reordering > 0 && this.#random() < this.reordering ? OVERTAKEN_MS : 0;
    return least + (most - least) * this.#random() + this.jitterMs * this.#random() + late;
  }
}

function setIn(names: Set<string>, name: string, isIn: boolean): void {
  if (isIn) {
    names.add(name);
  } else {
    names.delete(name);
  }
}

function count(counts: Map<string, number>, name: string, packets: number): void {
  counts.set(name, (counts.get(name) ?? 0) + packets);
}
