import { ANNOTATION } from "#lib/api/annotations.ts";
import type { Service } from "#lib/api/service.ts";
import type { Finding, Refusal } from "./decision.ts";
import type { Question } from "./question.ts";

/**
 * Whether an address of the Service was given by somebody else than Herald. Without pools that shows only in the annotation;
 * MetalLB takes the address from the Service all the same.
 */
export function isForeign({ annotations }: Service, reason: Refusal): boolean {
  return reason === "NoPool" && annotations[ANNOTATION.allocatedFromPool] === undefined;
}

/** What forbids any address, whatever the pools hold. */
export function refuseOutright(question: Question): Finding | undefined {
  return noPool(question) ?? noClusterIp(question) ?? notEnoughClusterIps(question);
}

function noPool({ allocations }: Question): Finding | undefined {
  return allocations.pools.all.length > 0
    ? undefined
    : {
        reason: "NoPool",
        message: `No IPAddressPool exists in namespace "${allocations.namespace}": create one`,
      };
}

function noClusterIp({ service, families }: Question): Finding | undefined {
  return families.length > 0
    ? undefined
    : {
        reason: "NoClusterIp",
        message: `${service.key} has no cluster IP: remove spec.clusterIP, so that Kubernetes gives it one`,
      };
}

function notEnoughClusterIps({ service, families }: Question): Finding | undefined {
  return service.ipFamilyPolicy !== "RequireDualStack" || families.length === 2
    ? undefined
    : {
        reason: "NotEnoughClusterIps",
        message: `${service.key} requires both families and has the cluster IP ${service.clusterIps.join(", ")} alone: give the cluster both families, or set ipFamilyPolicy to PreferDualStack`,
      };
}
