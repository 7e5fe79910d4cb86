/** Pod objects for processes that the lab runs itself, and the tokens that their kubelet would fetch for them. */

import {
  AppsV1Api,
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1PodTemplateSpec,
} from "@kubernetes/client-node";
import type { Host } from "./host.ts";

export interface PodIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly account: string;
}

export interface PodRequest {
  /** What it is a Pod of, named as the component. */
  readonly workload: "Deployment" | "DaemonSet";
  readonly component: string;
  readonly namespace: string;
  readonly name: string;
  readonly host: Host;
}

/** A month: a kept lab has nobody who would fetch a new one. */
const TOKEN_SECONDS = 30 * 24 * 60 * 60;

/** Makes the Pod that the workload's controller would make, and says that it runs. */
export async function createPod(client: KubeConfig, request: PodRequest): Promise<PodIdentity> {
  const { name, namespace, host } = request;
  const api = client.makeApiClient(CoreV1Api);
  const template = await templateOf(client, request);
  const isOnNode = request.workload === "DaemonSet";
  const pod = await api.createNamespacedPod({
    namespace,
    body: {
      metadata: { name, labels: template.metadata?.labels ?? {} },
      spec: { containers: [], ...template.spec, ...(isOnNode && { nodeName: host.name }) },
    },
  });
  const now = new Date().toISOString();
  const status = {
    phase: "Running",
    startTime: now,
    conditions: [{ type: "Ready", status: "True", lastTransitionTime: now }],
    containerStatuses: (template.spec?.containers ?? []).map(({ name: container, image }) => ({
      name: container,
      image: image ?? "",
      imageID: "",
      ready: true,
      restartCount: 0,
      state: { running: { startedAt: now } },
    })),
    ...(isOnNode && { hostIP: host.lanIp, podIP: host.lanIp }),
  };
  await api.patchNamespacedPodStatus(
    { name, namespace, body: { status } },
    setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
  );
  const account = template.spec?.serviceAccountName ?? "default";
  return { name, namespace, uid: pod.metadata?.uid ?? "", account };
}

/** A token of the Pod's ServiceAccount, bound to the Pod, by the TokenRequest API. */
export async function accountToken(client: KubeConfig, pod: PodIdentity): Promise<string> {
  const { status } = await client.makeApiClient(CoreV1Api).createNamespacedServiceAccountToken({
    name: pod.account,
    namespace: pod.namespace,
    body: {
      spec: {
        audiences: [],
        expirationSeconds: TOKEN_SECONDS,
        boundObjectRef: { apiVersion: "v1", kind: "Pod", name: pod.name, uid: pod.uid },
      },
    },
  });
  if (status?.token === undefined) {
    throw new Error(`The API server gave no token for ${pod.namespace}/${pod.account}`);
  }
  return status.token;
}

async function templateOf(
  client: KubeConfig,
  { workload, component, namespace }: PodRequest,
): Promise<V1PodTemplateSpec> {
  const apps = client.makeApiClient(AppsV1Api);
  const named = { name: component, namespace };
  const { spec } =
    workload === "Deployment"
      ? await apps.readNamespacedDeployment(named)
      : await apps.readNamespacedDaemonSet(named);
  if (spec === undefined) {
    throw new Error(`${workload} ${namespace}/${component} has no spec`);
  }
  return spec.template;
}
