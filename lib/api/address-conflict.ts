/**
 * The condition herald-lb.io/AddressConflict: another host uses an address of the Service. The speaker that owns the
 * address writes it, and the controller reads it back from the sentence, which is the only place that a condition has.
 */

import { formatIp, tryParseIp } from "#lib/address/ip.ts";
import type { Mac } from "#lib/wire/mac.ts";
import { CONDITION } from "./annotations.ts";
import type { Condition, Service } from "./service.ts";

/** Another host uses an address of a Service. */
export interface AddressConflict {
  /** Canonical text. */
  readonly ip: string;
  /** Of the other host. */
  readonly mac: Mac;
  /** Name of the node that heard it, which is the one that answers for the address. */
  readonly node: string;
  /** Name of that node's link. */
  readonly link: string;
  /** Whether it was there before the address was announced for the first time; if not, the node goes on answering. */
  readonly when: "first-use" | "in-use";
}

type Said = Omit<Condition, "lastTransitionTime">;

export type ConflictReason = "FoundAtFirstUse" | "ClaimedInUse";

const REASONS: Readonly<Record<AddressConflict["when"], ConflictReason>> = {
  "first-use": "FoundAtFirstUse",
  "in-use": "ClaimedInUse",
};

/** What the condition comes to say when the other host is gone, or the Service has not that address any more. */
export const NO_CONFLICT: Said = {
  type: CONDITION.addressConflict,
  status: "False",
  reason: "NoConflict",
  message: "No other host is known to use an address of the Service",
};

export function conflictCondition(conflict: AddressConflict): Said {
  return {
    type: CONDITION.addressConflict,
    status: "True",
    reason: REASONS[conflict.when],
    message: conflictSentence(conflict),
  };
}

/** The fact; of a conflict at first use without a mend, for that is the controller's to say. */
export function conflictSentence({ ip, mac, node, link, when }: AddressConflict): string {
  const host = `Another host (${mac}, heard by ${node} on ${link})`;
  return when === "first-use"
    ? `${host} already uses ${ip}`
    : `${host} claims ${ip}, for which ${node} answers: give that host another address`;
}

/** A link's name has 15 bytes at most (IFNAMSIZ), and may contain nearly anything. */
const HOST =
  /^Another host \((?<mac>(?:[0-9a-f]{2}:){5}[0-9a-f]{2}), heard by (?<node>[a-z0-9.-]{1,253}) on (?<link>.{1,15})\)/s
    .source;
const ADDRESS = "(?<ip>[0-9a-f.:]{2,45})";
const SENTENCES = [
  ["first-use", new RegExp(`${HOST} already uses ${ADDRESS}$`, "s")],
  [
    "in-use",
    new RegExp(
      `${HOST} claims ${ADDRESS}, for which \\k<node> answers: give that host another address$`,
      "s",
    ),
  ],
] as const;

/** The conflict that the Service's condition tells of; undefined when there is none, or somebody else wrote the condition. */
export function conflictOf({
  conditions,
}: Pick<Service, "conditions">): AddressConflict | undefined {
  const condition = conditions.find(({ type }) => type === CONDITION.addressConflict);
  return condition?.status === "True" ? readConflict(condition) : undefined;
}

function readConflict({ message, reason }: Condition): AddressConflict | undefined {
  for (const [when, sentence] of SENTENCES) {
    const { ip = "", link = "", mac = "", node = "" } = sentence.exec(message)?.groups ?? {};
    const address = tryParseIp(ip);
    if (address !== undefined && reason === REASONS[when]) {
      return { ip: formatIp(address), mac, node, link, when };
    }
  }
  return undefined;
}
