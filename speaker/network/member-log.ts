import type { Log } from "#lib/log/log.ts";
import type { MemberChange } from "#lib/membership/change.ts";
import { MemberState } from "#lib/membership/member-record.ts";

const STATE_NAMES: Readonly<Record<MemberState, string>> = {
  [MemberState.alive]: "alive",
  [MemberState.restarting]: "restarting",
  [MemberState.speakerDown]: "speaker down",
  [MemberState.dead]: "dead",
};

export function stateName(state: MemberState | undefined): string {
  return state === undefined ? "unknown" : STATE_NAMES[state];
}

export interface MemberLogOptions {
  readonly nodeName: string;
  /** UDP. */
  readonly port: number;
  readonly log: Log;
  /** Milliseconds of a clock that never steps back. */
  readonly clock: () => number;
}

/** What happens among members: told to the log, and kept for those who ask what is so now. */
export class MemberLog {
  readonly #options: MemberLogOptions;
  readonly #changedAt = new Map<string, number>();
  /** Those who do not hear this node. */
  readonly #unhearing = new Set<string>();
  /** Those of whom the log was told that this node does not hear them. */
  readonly #unheard = new Set<string>();
  #settledBecause: string | undefined;

  constructor(options: MemberLogOptions) {
    this.#options = options;
  }

  changed({ because, from, node, silentMs, to }: MemberChange): void {
    const { clock, log, nodeName } = this.#options;
    this.#changedAt.set(node, clock());
    this.#unheard.delete(node);
    if (node !== nodeName) {
      const fields = { node, from: stateName(from), to: stateName(to), because };
      log.info("member changed", silentMs === undefined ? fields : { ...fields, silentMs });
    }
  }

  hearing(node: string, hearsThis: boolean): void {
    const { log, nodeName: thisNode, port } = this.#options;
    if (hearsThis) {
      this.#unhearing.delete(node);
      log.info("node hears this one again", { node });
    } else {
      this.#unhearing.add(node);
      const message = "node does not hear this one: let UDP through between the two, both ways";
      log.warn(message, { node, thisNode, port });
    }
  }

  /** The kernel of the node answers, and its speaker has been silent for long. Told once, until it is in another state. */
  unheard(node: string): void {
    if (!this.#unheard.has(node)) {
      this.#unheard.add(node);
      const { log, nodeName: thisNode, port } = this.#options;
      const message =
        "no heartbeats from a node that is up: unless its speaker is down, let UDP through between the two, both ways";
      log.warn(message, { node, thisNode, port });
    }
  }

  settled(isSettled: boolean, because: string): void {
    const { log } = this.#options;
    this.#settledBecause = because;
    if (isSettled) {
      log.info("answers resumed", { because });
    } else {
      log.warn("answers suspended until another node confirms who owns what", { because });
    }
  }

  /** Forgets all nodes but these. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const node of this.#changedAt.keys()) {
      if (!names.has(node)) {
        this.#changedAt.delete(node);
        this.#unhearing.delete(node);
        this.#unheard.delete(node);
      }
    }
  }

  /** Whole milliseconds that the node has been in its state; undefined: it is not known. */
  stateAge(node: string): number | undefined {
    const changedAt = this.#changedAt.get(node);
    return changedAt === undefined ? undefined : Math.round(this.#options.clock() - changedAt);
  }

  isUnhearing(node: string): boolean {
    return this.#unhearing.has(node);
  }

  /** Why this node is settled or is not, in a sentence; undefined: it is neither yet. */
  get settledBecause(): string | undefined {
    return this.#settledBecause;
  }
}
