/** What a speaker keeps of a discovery.k8s.io/v1 EndpointSlice. */
export interface EndpointSlice {
  readonly name: string;
  /** `namespace/name` of the Service it belongs to, from the label kubernetes.io/service-name. */
  readonly service: string;
  /** One entry per endpoint that can serve: the name of its node, or undefined when it has none. */
  readonly servingNodes: readonly (string | undefined)[];
}
