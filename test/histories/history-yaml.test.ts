import type { V1Service } from "@kubernetes/client-node";
import fc from "fast-check";
import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { parsePools } from "#lib/api/parse-pools.ts";
import { projectService } from "#lib/api/project-service.ts";
import { port, service } from "#lib/api/testing/fixture.ts";
import { arbitraryPool, arbitraryService } from "./arbitrary-history.ts";
import type { PoolFields, ServiceFields, Step } from "./history.ts";
import { historyYaml } from "./history-yaml.ts";
import { poolFrom, written } from "./written-objects.ts";

const NAMESPACES = ["a", "b"].map((name) => ({
  name,
  labels: { "kubernetes.io/metadata.name": name },
}));

const WEB: ServiceFields = {
  families: { clusterIps: ["10.96.0.1"], ipFamilies: ["IPv4"], ipFamilyPolicy: "SingleStack" },
  request: { annotations: { "metallb.io/address-pool": "lab" } },
  sharing: {},
  traffic: { externalTrafficPolicy: "Cluster", selector: { app: "x" } },
  labels: {},
  ports: [port(80)],
};

function putPool(fields: PoolFields): Step {
  return { kind: "pools", edit: { how: "put", name: "lab", fields } };
}

function yamlOf(...steps: readonly Step[]): string {
  return historyYaml({ steps, order: [] });
}

/** The objects that `kubectl apply` would see. */
function objectsOf(...steps: readonly Step[]): readonly unknown[] {
  return parseAllDocuments(yamlOf(...steps)).flatMap((document) => document.toJS() ?? []);
}

it("says what happens, and what to apply", () => {
  const yaml = yamlOf(
    putPool({ addresses: ["192.0.2.0/31"], maxPerNamespace: 2 }),
    { kind: "put", key: "a/web", fields: WEB },
    { kind: "trap", trap: "the controller dies after it" },
    { kind: "change", key: "a/web", fields: { request: { annotations: {} } } },
    { kind: "pools", edit: { how: "rename", name: "lab", to: "blue" } },
    { kind: "delete", key: "a/web" },
    { kind: "wait", minutes: 7 },
  );
  expect(yaml).toBe(`# step 1
---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata:
  name: lab
  namespace: metallb-system
  annotations:
    herald-lb.io/max-per-namespace: "2"
spec:
  addresses:
    - 192.0.2.0/31
# step 2
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: a
  labels: {}
  annotations:
    metallb.io/address-pool: lab
spec:
  type: LoadBalancer
  ipFamilies:
    - IPv4
  ipFamilyPolicy: SingleStack
  externalTrafficPolicy: Cluster
  selector:
    app: x
  ports:
    - name: tcp-80
      port: 80
      protocol: TCP
# step 3
# kill the controller after its next write of a status, before the answer
# step 4
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: a
  labels: {}
  annotations: {}
spec:
  type: LoadBalancer
  ipFamilies:
    - IPv4
  ipFamilyPolicy: SingleStack
  externalTrafficPolicy: Cluster
  selector:
    app: x
  ports:
    - name: tcp-80
      port: 80
      protocol: TCP
# step 5
# kubectl --namespace metallb-system delete ipaddresspool lab
---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata:
  name: blue
  namespace: metallb-system
  annotations:
    herald-lb.io/max-per-namespace: "2"
spec:
  addresses:
    - 192.0.2.0/31
# step 6
# kubectl --namespace a delete service web
# step 7
# wait 7 minutes
`);
});

it("has pools that are read as those that were played", () => {
  fc.assert(
    fc.property(arbitraryPool({}), (fields) => {
      const parsed = parsePools(objectsOf(putPool(fields)), NAMESPACES);
      expect(parsed).toMatchObject({ kind: "value", value: [poolFrom("lab", fields)] });
    }),
  );
});

it("has Services that are read as those that were played", () => {
  fc.assert(
    fc.property(arbitraryService({}), (fields) => {
      const [manifest] = objectsOf({ kind: "put", key: "a/web", fields }) as readonly V1Service[];
      const { clusterIps } = fields.families;
      const { uid, resourceVersion, creationTimestamp, ...expected } = written(
        service("a/web"),
        fields,
      );
      expect(manifest && { ...projectService(manifest), clusterIps }).toMatchObject(expected);
    }),
  );
});

it("tells of every kind of step", () => {
  const steps: readonly Step[] = [
    { kind: "nodes", addresses: ["192.0.2.3"] },
    { kind: "restart" },
    { kind: "conflict", fields: { sharing: {} } },
    { kind: "watch", isSilent: true },
    { kind: "watch", isSilent: false },
    { kind: "pace", isSlow: true },
    { kind: "pace", isSlow: false },
    { kind: "double", of: "a/web", into: "b/web" },
    { kind: "change", key: "a/web", fields: {} },
    { kind: "replace", key: "a/web", fields: WEB },
  ];
  expect(yamlOf(...steps).match(/^# .*/gm)).toEqual([
    "# step 1",
    "# the addresses of the nodes are: 192.0.2.3",
    "# step 2",
    "# restart the controller",
    "# step 3",
    "# while the controller next writes a status, its Service is changed by this:",
    '# {"sharing":{}}',
    "# step 4",
    "# the watch falls silent",
    "# step 5",
    "# the watch tells all that it has missed",
    "# step 6",
    "# from here on the controller looks at one Service after each step",
    "# step 7",
    "# from here on the controller looks at all that it should",
    "# step 8",
    "# another controller writes the addresses of a/web into the status of b/web",
    "# step 9",
    "# nothing, for there is no Service a/web",
    "# step 10",
    "# kubectl --namespace a delete service web, and at once:",
  ]);
});
