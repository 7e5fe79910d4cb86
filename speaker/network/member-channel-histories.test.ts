import fc from "fast-check";
import { expect, test } from "vitest";
import type { MemberChannel } from "./member-channel.ts";
import { HELLO, KEY, NEW_KEY, start, verdict } from "./testing/member-channels.ts";

const NAMES = ["n1", "n2", "n3"];

interface Life {
  readonly channel: MemberChannel;
  /** Grows with each start of any. */
  readonly number: number;
}

interface Recorded {
  readonly datagram: Uint8Array;
  readonly from: string;
  readonly to: string;
  /** Of the sender, and of the receiver when it was sealed. */
  readonly fromLife: number;
  readonly toLife: number;
  counted: boolean;
}

/** Members, and all that they have ever sent, with whoever records it. */
class History {
  readonly #lives = new Map<string, Life>();
  readonly #recorded: Recorded[] = [];
  /** Of each pair, the newest life of the sender of which the receiver has believed something. */
  readonly #believed = new Map<string, number>();
  #starts = 0;
  #now = 0;

  constructor() {
    for (const name of NAMES) {
      this.restart(name, [KEY]);
    }
  }

  restart(name: string, keys: readonly Uint8Array[]): void {
    this.#starts += 1;
    this.#lives.set(name, {
      channel: start(name, { keys, clock: () => this.#now }),
      number: this.#starts,
    });
  }

  setKey(name: string): void {
    this.#life(name).channel.setKey(NEW_KEY);
  }

  say(from: string, to: string): void {
    this.#now += 100;
    for (const datagram of from === to ? [] : this.#life(from).channel.seal(to, [HELLO])) {
      this.#record(datagram, from, to);
    }
  }

  /**
   * Plays a packet, for the first time or again, to its receiver or to another.
   *
   * @param back how many were sent after it
   */
  play(back: number, to: string | undefined): void {
    const packet = this.#recorded.at(-1 - back);
    if (packet !== undefined) {
      this.#deliver(packet, to ?? packet.to);
    }
  }

  /** Hands over what is said from now on, replies too, and returns whether the last of it counts. */
  talk(from: string, to: string, rounds: number): boolean {
    let last = false;
    for (let round = 0; round < rounds; round++) {
      for (const [one, other] of [[to, from] as const, [from, to] as const]) {
        const next = this.#recorded.length;
        this.say(one, other);
        for (let at = next; at < this.#recorded.length; at++) {
          this.play(this.#recorded.length - 1 - at, undefined);
        }
        last = this.#recorded[next]?.counted === true;
      }
    }
    return last;
  }

  #deliver(packet: Recorded, to: string): void {
    const { channel, number } = this.#life(to);
    const opened = channel.open(packet.datagram);
    if (verdict(opened) === "counts") {
      const pair = `${packet.from} ${to}`;
      expect(to).toBe(packet.to);
      expect(packet.counted).toBe(false);
      expect(packet.toLife).toBe(number);
      expect(packet.fromLife).toBeGreaterThanOrEqual(this.#believed.get(pair) ?? 0);
      this.#believed.set(pair, packet.fromLife);
      packet.counted = true;
    } else if ("refused" in opened && opened.reply !== undefined) {
      this.#record(opened.reply, to, packet.from);
    }
  }

  #record(datagram: Uint8Array, from: string, to: string): void {
    const fromLife = this.#life(from).number;
    const toLife = this.#life(to).number;
    this.#recorded.push({ datagram, from, to, fromLife, toLife, counted: false });
  }

  #life(name: string): Life {
    const life = this.#lives.get(name);
    if (life === undefined) {
      throw new Error(`There is no ${name}`);
    }
    return life;
  }
}

/** The first two have most to do with each other. */
const names = fc.constantFrom(...NAMES, "n1", "n2", "n1", "n2");
const steps = fc.oneof(
  fc.record({ do: fc.constant("say" as const), from: names, to: names }),
  fc.record({ do: fc.constant("talk" as const), from: names, to: names }),
  fc.record({
    do: fc.constant("play" as const),
    back: fc.nat(20),
    to: fc.option(names, { nil: undefined }),
  }),
  fc.record({ do: fc.constant("play" as const), back: fc.nat(20), to: fc.constant(undefined) }),
  fc.record({
    do: fc.constant("restart" as const),
    name: names,
    keys: fc.constantFrom([KEY], [KEY, NEW_KEY], [NEW_KEY]),
  }),
  fc.record({ do: fc.constant("key" as const), name: names }),
);
type Step = typeof steps extends fc.Arbitrary<infer T> ? T : never;

function take(history: History, step: Step): void {
  if (step.do === "say") {
    history.say(step.from, step.to);
  } else if (step.do === "talk") {
    history.talk(step.from, step.to, 2);
  } else if (step.do === "play") {
    history.play(step.back, step.to);
  } else if (step.do === "restart") {
    history.restart(step.name, step.keys);
  } else {
    history.setKey(step.name);
  }
}

/** `History` expects the first half of it at every delivery. */
test("whatever is played again, no packet counts twice, elsewhere, or in another life; and in the end members understand each other", () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 60 }), (all) => {
      const history = new History();
      for (const step of all) {
        take(history, step);
      }
      for (const name of NAMES) {
        history.setKey(name);
      }
      expect(history.talk("n1", "n2", 5)).toBe(true);
      expect(history.talk("n3", "n1", 5)).toBe(true);
    }),
    { numRuns: 200 },
  );
});
