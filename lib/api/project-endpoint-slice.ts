import type { V1Endpoint, V1EndpointSlice } from "@kubernetes/client-node";
import type { EndpointSlice } from "./endpoint-slice.ts";

const SERVICE_NAME_LABEL = "kubernetes.io/service-name";

const NO_ENDPOINTS: EndpointSlice["servingNodes"] = Object.freeze([]);

export function projectEndpointSlice({ metadata, endpoints }: V1EndpointSlice): EndpointSlice {
  const namespace = metadata?.namespace ?? "";
  const serving = (endpoints ?? []).filter(canServe).map(({ nodeName }) => nodeName ?? undefined);
  return {
    name: metadata?.name ?? "",
    service: `${namespace}/${metadata?.labels?.[SERVICE_NAME_LABEL] ?? ""}`,
    servingNodes: serving.length === 0 ? NO_ENDPOINTS : serving,
  };
}

/** MetalLB's rule: an endpoint that ends but still serves counts, and so does one whose readiness is unknown. */
function canServe({ conditions }: V1Endpoint): boolean {
  return (conditions?.ready ?? true) || conditions?.serving === true;
}
