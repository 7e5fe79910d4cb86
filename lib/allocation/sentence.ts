import { formatIp, type Ip } from "#lib/address/ip.ts";

const SHOWN_NAMES = 8;

/** Names with commas between, cut after a few. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES).join(", ");
  return names.length > SHOWN_NAMES ? `${shown} and ${names.length - SHOWN_NAMES} more` : shown;
}

export function listIps(ips: readonly Ip[]): string {
  return ips.map(formatIp).join(" and ");
}

/** A sentence as part of another. Names in Kubernetes and addresses are in lower case already. */
export function continued(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

const SHOWN_LENGTH = 80;

/** What a user wrote, cut to what a sentence can bear: an annotation may be of 256 KiB. */
export function shorten(text: string): string {
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}
