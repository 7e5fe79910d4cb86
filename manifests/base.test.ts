import { execFileSync } from "node:child_process";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readExcludedLinks } from "#speaker/excluded-links.ts";
import { DEFAULT_EXCLUDED_LINKS } from "#speaker/network/link-rules.ts";
import { kubernetesPrograms } from "#test/lab/programs.ts";
import { type KubernetesObject, parseDocuments } from "./documents.ts";

const ROOT = join(import.meta.dirname, "..");
/** On a machine that has no kubectl, it is built first. */
const TIMEOUT_MS = 600_000;

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Role extends KubernetesObject {
  readonly rules: readonly Rule[];
}

interface Binding extends KubernetesObject {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly name: string; readonly namespace: string }[];
}

interface Workload extends KubernetesObject {
  readonly spec: { readonly template: { readonly spec: Readonly<Record<string, unknown>> } };
}

interface ConfigMap extends KubernetesObject {
  readonly data: Readonly<Record<string, string>>;
}

let objects: readonly KubernetesObject[] = [];

beforeAll(async () => {
  const { kubectl } = await kubernetesPrograms();
  const rendered = execFileSync(kubectl, ["kustomize", join(ROOT, "manifests/base")]);
  objects = parseDocuments(rendered.toString());
}, TIMEOUT_MS);

function ofKind<T extends KubernetesObject>(...kinds: readonly string[]): T[] {
  return objects.filter(({ kind }) => kinds.includes(kind)) as T[];
}

function speakerPod(): Workload["spec"]["template"]["spec"] {
  const [workload] = ofKind<Workload>("DaemonSet");
  return workload?.spec.template.spec ?? {};
}

/** One string per permission: `verb group/resource`, with the names it is limited to. */
function permissions(kind: "ClusterRole" | "Role"): string[] {
  const rules = ofKind<Role>(kind).flatMap((role) => role.rules);
  return rules.flatMap(({ apiGroups, resourceNames, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.map(
          (verb) =>
            `${verb} ${group === "" ? resource : `${resource}.${group}`}${resourceNames?.map((name) => ` ${name}`).join("") ?? ""}`,
        ),
      ),
    ),
  );
}

test("holds all of Herald, each object once", () => {
  const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort();
  expect(names).toEqual([
    "ClusterRole metallb-system:controller",
    "ClusterRole metallb-system:speaker",
    "ClusterRoleBinding metallb-system:controller",
    "ClusterRoleBinding metallb-system:speaker",
    "ConfigMap metallb-excludel2",
    "CustomResourceDefinition configurationstates.metallb.io",
    "CustomResourceDefinition ipaddresspools.metallb.io",
    "CustomResourceDefinition l2advertisements.metallb.io",
    "CustomResourceDefinition servicel2statuses.metallb.io",
    "DaemonSet speaker",
    "Deployment controller",
    "Namespace metallb-system",
    "Role controller",
    "Role speaker",
    "RoleBinding controller",
    "RoleBinding speaker",
    "ServiceAccount controller",
    "ServiceAccount speaker",
  ]);
});

test("excludes the links that a speaker without the file excludes", async () => {
  const [configMap] = ofKind<ConfigMap>("ConfigMap");
  await using folder = await mkdtempDisposable(join(tmpdir(), "excludel2-"));
  const file = join(folder.path, "excludel2.yaml");
  await writeFile(file, configMap?.data["excludel2.yaml"] ?? "");
  const { patterns, source } = await readExcludedLinks(file);
  expect(source).toBe("file");
  expect(patterns.map((pattern) => pattern.source)).toEqual(DEFAULT_EXCLUDED_LINKS);
});

test("puts into its namespace what lives in one", () => {
  const clusterWide = /^(Cluster|CustomResource|Namespace$)/;
  const elsewhere = objects.filter(
    ({ kind, metadata }) => !clusterWide.test(kind) && metadata.namespace !== "metallb-system",
  );
  expect(elsewhere).toEqual([]);
});

describe("RBAC", () => {
  test("grants by name: no wildcard, and no verb that leads to other rights", () => {
    for (const permission of [...permissions("ClusterRole"), ...permissions("Role")]) {
      expect(permission).not.toMatch(/\*|escalate|bind|impersonate|deletecollection/);
    }
  });

  test("grants outside the namespace no write but the status of Services, and Events; reviews write nothing", () => {
    const writes = permissions("ClusterRole").filter((one) => !/^(get|list|watch) /.test(one));
    expect(new Set(writes)).toEqual(
      new Set([
        "patch services/status",
        "create events",
        "patch events",
        "create tokenreviews.authentication.k8s.io",
        "create subjectaccessreviews.authorization.k8s.io",
      ]),
    );
  });

  test("lets the status of pools be written, and nothing else of them", () => {
    const pools = [...permissions("ClusterRole"), ...permissions("Role")].filter((one) =>
      /^(?!get|list|watch).* ipaddresspools/.test(one),
    );
    expect(pools).toEqual(["patch ipaddresspools/status.metallb.io"]);
  });

  test("shows no Secret but the membership key", () => {
    const secrets = [...permissions("ClusterRole"), ...permissions("Role")].filter((one) =>
      one.includes(" secrets"),
    );
    expect(secrets).toEqual(["create secrets", "get secrets metallb-memberlist"]);
  });

  test.each(["controller", "speaker"])("gives the roles of the %s to it alone", (name) => {
    const bindings = ofKind<Binding>("ClusterRoleBinding", "RoleBinding").filter(({ roleRef }) =>
      [name, `metallb-system:${name}`].includes(roleRef.name),
    );
    expect(bindings.map(({ roleRef }) => roleRef.kind)).toEqual(["Role", "ClusterRole"]);
    for (const { subjects } of bindings) {
      expect(subjects).toEqual([{ kind: "ServiceAccount", name, namespace: "metallb-system" }]);
    }
  });
});

describe("a pod", () => {
  test.each([
    ["Deployment", { drop: ["ALL"] }],
    ["DaemonSet", { drop: ["ALL"], add: ["NET_RAW"] }],
  ])("of the %s is confined to what it needs", (kind, capabilities) => {
    const [workload] = ofKind<Workload>(kind);
    expect(workload?.spec.template.spec).toMatchObject({
      securityContext: { seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities,
          },
        },
      ],
    });
  });

  test("of the controller is nobody's", () => {
    const [workload] = ofKind<Workload>("Deployment");
    expect(workload?.spec.template.spec).toMatchObject({
      securityContext: { runAsNonRoot: true, runAsUser: 65_534 },
    });
    expect(workload?.spec.template.spec).not.toHaveProperty("hostNetwork");
  });

  test("of the controller shows its metrics at the port that MetalLB's PodMonitor names", () => {
    const [workload] = ofKind<Workload>("Deployment");
    expect(workload?.spec.template.spec).toMatchObject({
      containers: [{ ports: [{ name: "metricshttps", containerPort: 9120 }] }],
    });
  });

  test("of the speaker runs on every Linux node, control plane included", () => {
    const [workload] = ofKind<Workload>("DaemonSet");
    expect(workload?.spec.template.spec).toMatchObject({
      hostNetwork: true,
      nodeSelector: { "kubernetes.io/os": "linux" },
      tolerations: [
        { key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" },
        { key: "node-role.kubernetes.io/master", effect: "NoSchedule" },
      ],
    });
  });

  test("of the speaker shows its metrics at the port that MetalLB's PodMonitor names", () => {
    expect(speakerPod()).toMatchObject({
      containers: [{ ports: [{ name: "metricshttps", containerPort: 9120 }] }],
    });
  });

  test("of the speaker is asked on the loopback address whether it lives and is ready", () => {
    const timing = {
      initialDelaySeconds: 10,
      periodSeconds: 10,
      timeoutSeconds: 1,
      failureThreshold: 3,
    };
    const at = (path: string) => ({
      httpGet: { host: "127.0.0.1", port: 17_472, path },
      ...timing,
    });
    expect(speakerPod()).toMatchObject({
      containers: [{ livenessProbe: at("/healthz"), readinessProbe: at("/readyz") }],
    });
  });

  test("of the speaker reads the links to exclude where MetalLB has them, and starts without", () => {
    const mount = { name: "excludel2", mountPath: "/etc/metallb", readOnly: true };
    const configMap = { name: "metallb-excludel2", optional: true, defaultMode: 0o400 };
    expect(speakerPod()).toMatchObject({
      containers: [{ volumeMounts: expect.arrayContaining([mount]) }],
      volumes: expect.arrayContaining([{ name: "excludel2", configMap }]),
    });
  });

  test("of the speaker writes to one directory of its node, and reads one that holds no socket of systemd", () => {
    const volumes = speakerPod()["volumes"] as readonly { hostPath?: { path: string } }[];
    const paths = volumes.flatMap(({ hostPath }) => hostPath?.path ?? []);
    expect(paths).toEqual(["/var/lib/herald", "/run/systemd/shutdown"]);
    expect(speakerPod()).toMatchObject({
      containers: [
        {
          volumeMounts: expect.arrayContaining([
            { name: "state", mountPath: "/var/lib/herald" },
            {
              name: "scheduled-shutdown",
              mountPath: "/run/systemd/shutdown",
              readOnly: true,
            },
          ]),
        },
      ],
    });
  });

  test("carries the labels by which users of MetalLB find it", () => {
    const labels = ofKind<Workload>("Deployment", "DaemonSet").map(({ spec }) => spec.template);
    expect(labels).toMatchObject([
      { metadata: { labels: { app: "metallb", component: "controller" } } },
      { metadata: { labels: { app: "metallb", component: "speaker" } } },
    ]);
  });
});
