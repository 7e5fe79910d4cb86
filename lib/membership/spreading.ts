import type { Records } from "./message.ts";
import type { RecordTable } from "./record-table.ts";

/** Each who learns of a record tells it to so many others drawn at random, so many times: one in e^9 then misses it. */
const TARGETS = 3;
const ROUNDS = 3;
const ROUND_MS = 20;

/** Of one message; more wait for the next round. */
const RECORDS_A_ROUND = 120;
/** About so many fit into one packet. */
const RECORDS_A_PACKET = 40;

/** Packets a second, and at once. */
const RATE = 40;
const BURST = 120;

/** Records on their way to all: whoever hears one that is news to it tells it to a few others in turn. */
export class Spreading {
  readonly #table: RecordTable;
  readonly #random: () => number;
  /** How many rounds are left, by member and by group. */
  readonly #members = new Map<string, number>();
  readonly #claims = new Map<string, number>();
  #dueAt = 0;
  #tokens = BURST;
  #filledAt = 0;

  /** @param random 0 to below 1 */
  constructor(table: RecordTable, random: () => number) {
    this.#table = table;
    this.#random = random;
  }

  member(node: string): void {
    this.#members.set(node, ROUNDS);
  }

  claim(group: string): void {
    this.#claims.set(group, ROUNDS);
  }

  /** When `tick` has something to do at the earliest; undefined: never. */
  get nextDeadline(): number | undefined {
    return this.#members.size + this.#claims.size === 0 ? undefined : this.#dueAt;
  }

  /**
   * Gives what is to be sent now.
   *
   * @param others names of all who can be told
   */
  tick(
    now: number,
    others: readonly string[],
  ): readonly { readonly to: string; readonly message: Records }[] {
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#filledAt) * RATE) / 1_000);
    this.#filledAt = now;
    if (this.nextDeadline === undefined || now < this.#dueAt || this.#tokens < 1) {
      this.#dueAt = Math.max(this.#dueAt, this.#tokens < 1 ? now + ROUND_MS : 0);
      return [];
    }
    this.#dueAt = now + ROUND_MS;
    const members = take(this.#members, RECORDS_A_ROUND);
    const claims = take(this.#claims, RECORDS_A_ROUND - members.length);
    const message: Records = {
      kind: "records",
      members: members.flatMap((node) => this.#table.member(node) ?? []),
      claims: claims.flatMap((group) => this.#table.claim(group) ?? []),
    };
    const targets = this.#draw(others);
    const packets = Math.ceil((members.length + claims.length) / RECORDS_A_PACKET);
    this.#tokens -= packets * targets.length;
    return targets.map((to) => ({ to, message }));
  }

  #draw(others: readonly string[]): readonly string[] {
    if (others.length <= TARGETS) {
      return others;
    }
    const drawn = new Set<string>();
    while (drawn.size < TARGETS) {
      drawn.add(others[Math.floor(this.#random() * others.length)] ?? "");
    }
    return [...drawn];
  }
}

/** The first keys, each with a round less to go. What is told least often stands at the end, and has its turn later. */
function take(rounds: Map<string, number>, most: number): readonly string[] {
  const taken = [...rounds.entries().take(most)];
  for (const [key, left] of taken) {
    rounds.delete(key);
    if (left > 1) {
      rounds.set(key, left - 1);
    }
  }
  return taken.map(([key]) => key);
}
