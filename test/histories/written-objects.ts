/** Pools and Services as the controller is to read what users write. */

import { type Family, parseIp } from "#lib/address/ip.ts";
import { type IpRange, parseRange } from "#lib/address/ip-range.ts";
import type { Pool } from "#lib/api/pool.ts";
import type { Service } from "#lib/api/service.ts";
import type { PoolFields, ServiceFields } from "./history.ts";

export function poolFrom(name: string, fields: PoolFields): Pool {
  const { serviceAllocation: allocation } = fields;
  const { namespaces = [], namespaceSelectors = [], serviceSelectors = [] } = allocation ?? {};
  const allowed = [...namespaces, ...namespaceSelectors.filter((name) => name !== "nowhere")];
  const isRestricted = namespaces.length + namespaceSelectors.length > 0;
  const exclusions = fields.exclude === undefined ? [] : fields.exclude.split(", ").map(rangeFrom);
  const listed = fields.addresses.map(parseRange);
  const isOut = (value: bigint, { family }: IpRange) =>
    exclusions.some(
      (range) => range.family === family && range.first <= value && value <= range.last,
    );
  return {
    name,
    labels: {},
    ranges: listed.flatMap((range) => partsOf(range, (value) => !isOut(value, range))),
    autoAssign: fields.autoAssign ?? true,
    avoidBuggyIps: fields.avoidBuggyIPs ?? false,
    excluded: listed.flatMap((range) => partsOf(range, (value) => isOut(value, range))),
    ...(fields.maxPerNamespace !== undefined && { maxPerNamespace: fields.maxPerNamespace }),
    holdReleasedMs: (fields.holdReleasedMinutes ?? 0) * 60_000,
    ...(allocation && {
      serviceAllocation: {
        priority: allocation.priority ?? 0,
        ...(isRestricted && { namespaces: [...new Set(allowed)].sort() }),
        serviceSelectors: serviceSelectors.map((labels) => ({
          requirements: Object.entries(labels).map(([key, value]) => ({
            key,
            operator: "In" as const,
            values: [value],
          })),
        })),
      },
    }),
  };
}

function rangeFrom(text: string): IpRange {
  if (/[/-]/.test(text)) {
    return parseRange(text);
  }
  const { family, value } = parseIp(text);
  return { family, first: value, last: value };
}

/** The parts of the range whose addresses are chosen, one by one. */
function partsOf(range: IpRange, isChosen: (value: bigint) => boolean): readonly IpRange[] {
  const parts: { family: Family; first: bigint; last: bigint }[] = [];
  for (let value = range.first; value <= range.last; value += 1n) {
    const before = parts.at(-1);
    if (isChosen(value) && before?.last === value - 1n) {
      before.last = value;
    } else if (isChosen(value)) {
      parts.push({ family: range.family, first: value, last: value });
    }
  }
  return parts;
}

/** The Service as it is when the user has written these fields. */
export function written(base: Service, fields: Partial<ServiceFields>): Service {
  const { families, request, sharing, traffic, labels, ports } = fields;
  const { loadBalancerIp, ...rest } = base;
  const ip = request === undefined ? loadBalancerIp : request.loadBalancerIp;
  const isSharing = (name: string) => name.endsWith("/allow-shared-ip");
  const isAnswer = (name: string) => name.endsWith("/ip-allocated-from-pool");
  const kept = Object.entries(base.annotations).filter(
    ([name]) => isAnswer(name) || (isSharing(name) ? sharing === undefined : request === undefined),
  );
  return {
    ...rest,
    ...families,
    ...traffic,
    ...(labels && { labels }),
    ...(ports && { ports }),
    ...(ip !== undefined && { loadBalancerIp: ip }),
    annotations: { ...Object.fromEntries(kept), ...request?.annotations, ...sharing },
  };
}
