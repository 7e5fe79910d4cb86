import { MemberState } from "./member-record.ts";
import type { Neighbourhood } from "./neighbourhood.ts";
import type { RecordTable } from "./record-table.ts";
import type { News } from "./replica.ts";

const SWEEP_EVERY_MS = 60_000;

/** A node whose speaker is down may come back within that time; one that left the cluster as well does not. */
const DOWN_FOR_MS = 30_000;

/** Somebody cut off from the others may still speak of a node that long after. */
const DEAD_FOR_MS = 3_600_000;

export interface OblivionOutside {
  /** It is to be held for dead. */
  gone(node: string, news: News): void;
  forgotten(node: string, now: number): void;
}

/** Ends the memory of nodes that left the cluster, so that names do not gather for ever. */
export class Oblivion {
  readonly #table: RecordTable;
  readonly #neighbourhood: Neighbourhood;
  readonly #outside: OblivionOutside;
  /** Since when each is seen in its state. */
  readonly #seen = new Map<string, { readonly state: MemberState; readonly since: number }>();
  #sweepAt = 0;

  constructor(table: RecordTable, neighbourhood: Neighbourhood, outside: OblivionOutside) {
    this.#table = table;
    this.#neighbourhood = neighbourhood;
    this.#outside = outside;
  }

  get nextDeadline(): number {
    return this.#sweepAt;
  }

  tick(now: number): void {
    if (now < this.#sweepAt) {
      return;
    }
    this.#sweepAt = now + SWEEP_EVERY_MS;
    // some were listed, and never heard of
    const recorded = Array.from(this.#table.members, ({ node }) => node);
    for (const node of new Set([...recorded, ...this.#neighbourhood.former])) {
      if (this.#neighbourhood.listed.has(node)) {
        this.#seen.delete(node);
      } else {
        this.#consider(node, now);
      }
    }
  }

  #consider(node: string, now: number): void {
    const state = this.#table.member(node)?.state ?? MemberState.dead;
    const forMs = now - this.#since(node, state, now);
    if (state === MemberState.dead && forMs >= DEAD_FOR_MS) {
      this.#seen.delete(node);
      this.#table.forgetMember(node);
      this.#neighbourhood.forget(node, now);
      this.#outside.forgotten(node, now);
    } else if (isDown(state) && forMs >= DOWN_FOR_MS && this.#neighbourhood.isFormer(node)) {
      this.#outside.gone(node, {
        because: `${node} left the cluster, and its speaker is down`,
        now,
      });
    }
  }

  #since(node: string, state: MemberState, now: number): number {
    const seen = this.#seen.get(node);
    if (seen?.state === state) {
      return seen.since;
    }
    this.#seen.set(node, { state, since: now });
    return now;
  }
}

function isDown(state: MemberState): boolean {
  return state === MemberState.restarting || state === MemberState.speakerDown;
}
