import { formatIp, type Ip, tryParseIp } from "#lib/address/ip.ts";
import { ANNOTATION } from "#lib/api/annotations.ts";
import { readAnnotation } from "#lib/api/read-annotation.ts";
import type { Service } from "#lib/api/service.ts";
import type { Finding } from "./decision.ts";
import { isPair } from "./families.ts";
import { ofLastService } from "./of-last-service.ts";
import { shorten } from "./sentence.ts";

/** What a Service asks for by annotation or by spec.loadBalancerIP. */
export interface Wish {
  readonly pool?: { readonly name: string; readonly askedBy: string };
  readonly addresses?: { readonly ips: readonly Ip[]; readonly askedBy: string };
  /** Why the addresses it asks for cannot be read. */
  readonly malformed?: Finding;
}

/** One more than a Service may ask for: enough to see that it asks for too many. */
const MOST_ASKED = 3;
const NOTHING: Wish = {};
const SPEC_FIELD = "spec.loadBalancerIP";

export const wishOf = ofLastService((service): Wish => {
  const pool = readAnnotation(service.annotations, ANNOTATION.addressPool);
  const addresses = readAddresses(service);
  return pool === undefined || pool.value === ""
    ? addresses
    : { ...addresses, pool: { name: pool.value, askedBy: pool.key } };
});

function readAddresses(service: Service): Wish {
  const annotation = readAnnotation(service.annotations, ANNOTATION.loadBalancerIps);
  const inAnnotation = annotation?.value ?? "";
  const inSpec = service.loadBalancerIp ?? "";
  if (annotation === undefined || inAnnotation === "") {
    return inSpec === "" ? NOTHING : readIps(service, SPEC_FIELD, [inSpec]);
  }
  return inSpec === ""
    ? readIps(service, annotation.key, inAnnotation.split(",", MOST_ASKED))
    : malformed(
        `${service.key} asks for addresses by ${annotation.key} and by ${SPEC_FIELD}: keep one of the two`,
      );
}

function readIps(service: Service, askedBy: string, texts: readonly string[]): Wish {
  const mend =
    askedBy === SPEC_FIELD
      ? `write one address, or use ${ANNOTATION.loadBalancerIps}`
      : "write one address, or one of each family with a comma between";
  const ips: Ip[] = [];
  for (const text of texts) {
    const ip = tryParseIp(text.trim());
    if (ip === undefined) {
      const shown = shorten(text.trim());
      return malformed(
        `${service.key} asks by ${askedBy} for "${shown}", which is no address: ${mend}`,
      );
    }
    ips.push(ip);
  }
  return ips.length === 1 || isPair(ips)
    ? { addresses: { ips, askedBy } }
    : malformed(
        `${service.key} asks by ${askedBy} for ${shorten(ips.map(formatIp).join(", "))}: ${mend}`,
      );
}

function malformed(message: string): Wish {
  return { malformed: { reason: "BadRequest", message } };
}
