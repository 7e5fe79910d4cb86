import { formatIp, type Ip } from "#lib/address/ip.ts";

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
