import type { CoreV1Event, V1Lease, V1Service } from "@kubernetes/client-node";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { aborted } from "#lib/kube/aborted.ts";
import type { CallOptions, KubeClient } from "#lib/kube/client.ts";
import { systemClock } from "#lib/kube/clock.ts";
import { EventRecorder } from "#lib/kube/events.ts";
import type { Json } from "#lib/kube/json.ts";
import { KubeError } from "#lib/kube/kube-error.ts";
import { LeaderElection, type LeaseApi } from "#lib/kube/lease.ts";
import { eventsPath, leasesPath, servicePath } from "#lib/kube/paths.ts";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";
import { describeLab } from "#test/lab/describe-lab.ts";
import { eventually } from "#test/lab/eventually.ts";
import type { Lab } from "#test/lab/lab.ts";
import { adminClient, startControlPlane } from "./control-plane.ts";

const NAMESPACE = "default";
const SERVICE = servicePath({ namespace: NAMESPACE, name: "web" });
const STATUS = `${SERVICE}/status`;

/** Ten times as fast, so that a lease of 15 s is over after 1.5 s. */
const hurriedClock: typeof systemClock = {
  now: () => systemClock.now() * 10,
  wall: () => systemClock.wall(),
  delay: (ms, signal) => systemClock.delay(ms / 10, signal),
};

/** The way of one candidate to the API server, which can be cut. */
class CuttableApi implements LeaseApi {
  isCut = false;
  readonly #api: LeaseApi;

  constructor(api: LeaseApi) {
    this.#api = api;
  }

  get<Result>(path: string, options?: CallOptions): Promise<Result> {
    return this.#unlessCut(() => this.#api.get(path, options));
  }

  post<Result>(path: string, body: object, options?: CallOptions): Promise<Result> {
    return this.#unlessCut(() => this.#api.post(path, body, options));
  }

  put<Result>(path: string, body: object, options?: CallOptions): Promise<Result> {
    return this.#unlessCut(() => this.#api.put(path, body, options));
  }

  async #unlessCut<Result>(call: () => Promise<Result>): Promise<Result> {
    if (this.isCut) {
      throw new KubeError({ status: 0, reason: "ECONNREFUSED", message: "cut" });
    }
    return await call();
  }
}

const condition = (type: string, status: string) => ({
  type,
  status,
  reason: "Test",
  message: "",
  lastTransitionTime: "2026-01-01T00:00:00Z",
});

describeLab("requests to a real API server", () => {
  let lab: Lab;
  let client: KubeClient;
  let log: RecordingLog;

  beforeAll(async () => {
    lab = await startControlPlane();
    log = new RecordingLog();
    client = await adminClient(lab, log);
  });

  afterAll(() => lab[Symbol.asyncDispose]());

  beforeEach(async () => {
    const spec = { type: "LoadBalancer", ports: [{ port: 80 }] };
    await client.post(`/api/v1/namespaces/${NAMESPACE}/services`, {
      metadata: { name: "web" },
      spec,
    });
    onTestFinished(async () => {
      await client.delete(SERVICE);
    });
  });

  const read = () => client.get<Json<V1Service>>(SERVICE);

  async function conditions(): Promise<string[]> {
    const { status } = await read();
    return (status?.conditions ?? []).map(({ type, status: value }) => `${type}=${value}`).sort();
  }

  test("write address, condition and annotation in one strategic PATCH, and leave the conditions of others", async () => {
    await client.strategicPatch(STATUS, {
      status: { conditions: [condition("example.com/Other", "True")] },
    });
    await client.strategicPatch(STATUS, {
      metadata: { annotations: { "metallb.io/ip-allocated-from-pool": "lab" } },
      status: {
        loadBalancer: { ingress: [{ ip: "192.0.2.10" }] },
        conditions: [condition("herald-lb.io/AddressAllocated", "True")],
      },
    });
    const service = await read();
    expect(service.metadata?.annotations).toEqual({ "metallb.io/ip-allocated-from-pool": "lab" });
    expect(service.status?.loadBalancer?.ingress).toEqual([{ ip: "192.0.2.10", ipMode: "VIP" }]);
    expect(await conditions()).toEqual([
      "example.com/Other=True",
      "herald-lb.io/AddressAllocated=True",
    ]);
  });

  test("take off one condition, the address and the annotation", async () => {
    const annotations = { "metallb.io/ip-allocated-from-pool": "lab" };
    await client.strategicPatch(STATUS, {
      metadata: { annotations },
      status: {
        loadBalancer: { ingress: [{ ip: "192.0.2.10" }] },
        conditions: [
          condition("example.com/Other", "True"),
          condition("herald-lb.io/Announced", "True"),
        ],
      },
    });
    await client.strategicPatch(STATUS, {
      metadata: { annotations: { "metallb.io/ip-allocated-from-pool": null } },
      status: {
        loadBalancer: { ingress: null },
        conditions: [{ $patch: "delete", type: "herald-lb.io/Announced" }],
      },
    });
    const service = await read();
    expect(service.metadata?.annotations).toBeUndefined();
    expect(service.status?.loadBalancer).toEqual({});
    expect(await conditions()).toEqual(["example.com/Other=True"]);
  });

  test("replace a whole list by a merge PATCH", async () => {
    await client.mergePatch(STATUS, { status: { conditions: [condition("A", "True")] } });
    await client.mergePatch(STATUS, { status: { conditions: [condition("B", "True")] } });
    expect(await conditions()).toEqual(["B=True"]);
  });

  test("own by server-side apply what they apply, and nothing else", async () => {
    const identity = { apiVersion: "v1", kind: "Service", metadata: { name: "web" } };
    const apply = (fieldManager: string, ...types: string[]) =>
      client.apply(
        STATUS,
        { ...identity, status: { conditions: types.map((type) => condition(type, "True")) } },
        { fieldManager },
      );
    await apply("other", "A");
    await apply("herald", "B", "C");
    await apply("herald", "C");
    expect(await conditions()).toEqual(["A=True", "C=True"]);
  });

  test("are refused when the object has changed since it was read", async () => {
    const stale = await read();
    await client.mergePatch(SERVICE, { metadata: { labels: { changed: "yes" } } });
    const resourceVersion = stale.metadata?.resourceVersion;
    const patch = { metadata: { resourceVersion }, status: { loadBalancer: {} } };
    await expect(client.strategicPatch(STATUS, patch)).rejects.toMatchObject({ conflict: true });
    await expect(client.put(SERVICE, stale)).rejects.toMatchObject({ conflict: true });
  });

  test("tell what went wrong by kind", async () => {
    const again = client.post(`/api/v1/namespaces/${NAMESPACE}/services`, {
      metadata: { name: "web" },
      spec: { ports: [{ port: 80 }] },
    });
    await expect(again).rejects.toMatchObject({ alreadyExists: true, conflict: false });
    await expect(client.get(`${SERVICE}-2`)).rejects.toMatchObject({ notFound: true });
  });

  test("log once that the server does not know a field", async () => {
    const patch = { spec: { noSuchField: true } };
    await client.mergePatch(SERVICE, patch);
    await client.mergePatch(SERVICE, patch);
    const warnings = log.lines.filter(({ message }) => message === "warning of the Kubernetes API");
    expect(warnings.map(({ fields: { warning } }) => warning)).toEqual([
      'unknown field "spec.noSuchField"',
    ]);
  });

  test("count an Event that happens again", async () => {
    const recorder = new EventRecorder(client, { component: "herald-speaker", host: "n1", log });
    const stop = new AbortController();
    const running = recorder.run(stop.signal);
    const uid = (await read()).metadata?.uid ?? "";
    const regarding = { apiVersion: "v1", kind: "Service", namespace: NAMESPACE, name: "web", uid };
    const message = 'announcing from node "n1" with protocol "layer2"';
    const query = { fieldSelector: `involvedObject.uid=${uid}` };
    const events = async () =>
      (await client.get<{ items: Json<CoreV1Event>[] }>(eventsPath(NAMESPACE), { query })).items;
    recorder.record(regarding, "Normal", "nodeAssigned", message);
    await eventually(async () => (await events()).length === 1);
    recorder.record(regarding, "Normal", "nodeAssigned", message);
    stop.abort();
    await running;
    expect(await events()).toMatchObject([
      {
        type: "Normal",
        reason: "nodeAssigned",
        message,
        count: 2,
        source: { component: "herald-speaker", host: "n1" },
        reportingComponent: "herald-speaker",
      },
    ]);
    expect(await lab.kubectl("describe", "service", "web")).toMatch(
      /Normal\s+nodeAssigned\s+.*\(x2 over .*\)\s+herald-speaker\s+announcing from node "n1"/,
    );
  });

  test("record an Event about an object without namespace", async () => {
    const recorder = new EventRecorder(client, { component: "herald-controller", log });
    const { metadata } = await client.get<Json<V1Service>>("/api/v1/namespaces/default");
    const uid = metadata?.uid ?? "";
    recorder.record(
      { apiVersion: "v1", kind: "Namespace", name: "default", uid },
      "Warning",
      "Test",
      "of a test",
    );
    const stop = new AbortController();
    const running = recorder.run(stop.signal);
    stop.abort();
    await running;
    expect(await lab.kubectl("get", "events", "--field-selector=reason=Test")).toContain(
      "of a test",
    );
  });

  test("elect one leader, and the next one when it goes or dies", async () => {
    const story: string[] = [];
    const candidate = (identity: string, api: LeaseApi) => {
      const options = { namespace: NAMESPACE, name: "herald-controller", identity };
      const election = new LeaderElection(api, { ...options, log, clock: hurriedClock });
      const end = new AbortController();
      const running = election.run(end.signal, async (signal) => {
        story.push(`${identity} +`);
        await aborted(signal);
        story.push(`${identity} -`);
      });
      return () => {
        end.abort();
        return running;
      };
    };
    const stopA = candidate("a", client);
    await eventually(() => story.length === 1);
    const cut = new CuttableApi(client);
    const stopB = candidate("b", cut);
    await stopA();
    await eventually(() => story.includes("b +"));
    const stopC = candidate("c", client);
    cut.isCut = true;
    await eventually(() => story.includes("c +"));
    expect(story).toEqual(["a +", "a -", "b +", "b -", "c +"]);
    const lease = await client.get<Json<V1Lease>>(`${leasesPath(NAMESPACE)}/herald-controller`);
    expect(lease.spec).toMatchObject({ holderIdentity: "c", leaseTransitions: 2 });
    await Promise.all([stopB(), stopC()]);
  });
});
