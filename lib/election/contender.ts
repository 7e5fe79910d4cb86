import type { Effect } from "#lib/membership/effect.ts";
import { Member } from "#lib/membership/member.ts";
import type { MemberOptions } from "#lib/membership/member-options.ts";
import type { MemberInfo } from "#lib/membership/member-record.ts";
import type { Message } from "#lib/membership/message.ts";
import type { GroupDemand } from "./candidates.ts";
import { Claimant } from "./claimant.ts";
import type { Cause, ClaimantEffect } from "./claimant-effect.ts";
import type { ClaimantOptions } from "./claimant-options.ts";

/** What is left to be done by whoever has sockets, or to be told. */
export type Outcome =
  | Exclude<Effect, { kind: "claim" | "rival" }>
  | Exclude<ClaimantEffect, { kind: "claimed" }>;

/** One node as a member and as a claimant: what the one comes to know the other acts upon. */
export class Contender {
  readonly member: Member;
  readonly claimant: Claimant;
  #outcomes: Outcome[] = [];

  constructor(options: MemberOptions & Pick<ClaimantOptions, "failbackMs" | "hasSurrogates">) {
    this.member = new Member(options);
    const { failbackMs, hasSurrogates, self } = options;
    this.claimant = new Claimant({ self, member: this.member, failbackMs, hasSurrogates });
  }

  start(now: number): readonly Outcome[] {
    this.#takeKnown(this.member.start(now), now);
    return this.#take();
  }

  setNodes(names: Iterable<string>, now: number): readonly Outcome[] {
    this.#takeKnown(this.member.setNodes(names, now), now);
    this.#takeClaimed(this.claimant.lookAtAll(now, { because: "the list of nodes changed" }));
    return this.#take();
  }

  setInfo(info: MemberInfo, now: number): readonly Outcome[] {
    this.#takeKnown(this.member.setInfo(info, now), now);
    return this.#take();
  }

  put(demand: GroupDemand, now: number): readonly Outcome[] {
    this.#takeClaimed(this.claimant.put(demand, now));
    return this.#take();
  }

  remove(group: string, because: string): readonly Outcome[] {
    this.#takeClaimed(this.claimant.remove(group, because));
    return this.#take();
  }

  receive(from: string, message: Message, now: number): readonly Outcome[] {
    this.#takeKnown(this.member.receive(from, message, now), now);
    const isMove = message.kind === "offer" || message.kind === "refusal";
    if (isMove && this.member.isMember(from)) {
      this.#takeClaimed(this.claimant.receive(from, message, now));
    }
    return this.#take();
  }

  /** A frame tells the MAC address of the node as that of the group's address: an answer, or an announcement. */
  addressHeard(group: string, node: string, now: number): readonly Outcome[] {
    this.#takeClaimed(this.claimant.addressHeard(group, node, now));
    return this.#take();
  }

  probeAnswered(node: string, now: number): void {
    this.member.probeAnswered(node, now);
  }

  tick(now: number): readonly Outcome[] {
    this.#takeKnown(this.member.tick(now), now);
    this.#takeClaimed(this.claimant.tick(now));
    return this.#take();
  }

  /** Says that the speaker stops and comes back. */
  restart(now: number): readonly Outcome[] {
    this.#takeKnown(this.member.restart(now), now);
    return this.#take();
  }

  nextDeadline(now: number): number {
    return Math.min(this.member.nextDeadline(now), this.claimant.nextDeadline);
  }

  #takeKnown(effects: readonly Effect[], now: number): void {
    let cause: Cause | undefined;
    for (const effect of effects) {
      if (effect.kind === "claim") {
        this.#takeClaimed(this.claimant.claimHeard(effect.group, now));
        continue;
      }
      if (effect.kind === "rival") {
        this.#takeClaimed(this.claimant.rivalHeard(effect.group, now));
        continue;
      }
      this.#outcomes.push(effect);
      if (effect.kind === "member") {
        this.claimant.memberChanged(effect.change);
      } else if (effect.kind === "forgotten") {
        this.claimant.forget(effect.node);
      }
      cause ??= causeOf(effect);
    }
    if (cause !== undefined) {
      this.#takeClaimed(this.claimant.lookAtAll(now, cause));
    }
  }

  #takeClaimed(effects: readonly ClaimantEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === "claimed") {
        for (const each of this.member.claimed(effect.group, effect.tell)) {
          if (each.kind === "send") {
            this.#outcomes.push(each);
          }
        }
      } else {
        this.#outcomes.push(effect);
      }
    }
  }

  #take(): readonly Outcome[] {
    const outcomes = this.#outcomes;
    this.#outcomes = [];
    return outcomes;
  }
}

/** Undefined: nothing that groups depend on. */
function causeOf(effect: Effect): Cause | undefined {
  switch (effect.kind) {
    case "member":
      return { because: effect.change.because };
    case "info":
      return { because: `${effect.node} has other links, or drains` };
    case "settled":
      return { because: effect.because };
    case "send":
    case "probe":
    case "hearing":
    case "forgotten":
    case "claim":
    case "rival":
      return undefined;
  }
}
