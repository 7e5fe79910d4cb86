import type { V1ConfigMap, V1Service } from "@kubernetes/client-node";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { KubeClient, type Query } from "#lib/kube/client.ts";
import { KubeError } from "#lib/kube/kube-error.ts";
import { kubeconfigCredentials } from "#lib/kube/kubeconfig.ts";
import { listPages } from "#lib/kube/listing.ts";
import { PATHS } from "#lib/kube/paths.ts";
import { Reflector } from "#lib/kube/reflector.ts";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";
import { describeLab } from "#test/lab/describe-lab.ts";
import { eventually } from "#test/lab/eventually.ts";
import type { Lab } from "#test/lab/lab.ts";
import { adminClient, mountedCredentials, startControlPlane } from "./control-plane.ts";
import { ServiceAccount } from "./service-account.ts";

const SERVICES = "/api/v1/namespaces/default/services";
const MANY = 5000;

/** The first watch that begins at a place in history asks for one that the server has long forgotten. */
class ForgetfulClient extends KubeClient {
  readonly asked: Query[] = [];

  override stream(path: string, query: Query, signal: AbortSignal) {
    const resumed = this.asked.filter(({ resourceVersion }) => resourceVersion !== undefined);
    const { resourceVersion } = query;
    const isFirst = resumed.length === 0 && resourceVersion !== undefined;
    this.asked.push(query);
    return super.stream(path, isFirst ? { ...query, resourceVersion: "1" } : query, signal);
  }
}

/** Is answered as a server without WatchList would answer it. */
class ListingClient extends KubeClient {
  override async stream(path: string, query: Query, signal: AbortSignal) {
    const { sendInitialEvents } = query;
    if (sendInitialEvents === true) {
      const message = "sendInitialEvents is forbidden for watch";
      throw new KubeError({ status: 422, reason: "Invalid", message });
    }
    return await super.stream(path, query, signal);
  }
}

describeLab("a reflector of a real API server", () => {
  let lab: Lab;
  let admin: KubeClient;
  let log: RecordingLog;
  let told: string[];

  beforeAll(async () => {
    lab = await startControlPlane();
    admin = await adminClient(lab, new RecordingLog());
  });

  afterAll(() => lab[Symbol.asyncDispose]());

  beforeEach(() => {
    log = new RecordingLog();
    told = [];
  });

  function run<Raw, Value>(reflector: Reflector<Raw, Value>): void {
    const stop = new AbortController();
    const running = reflector.run(stop.signal);
    onTestFinished(async () => {
      stop.abort();
      await running;
    });
  }

  function loadBalancers(client: KubeClient): Reflector<V1Service, string> {
    const reflector = new Reflector<V1Service, string>(client, {
      path: PATHS.services,
      fieldSelector: "spec.type=LoadBalancer",
      project: ({ metadata: { name, labels: { round = "0" } = {} } = {} }) => `${name}=${round}`,
      log,
    });
    reflector.on({
      added: (value) => told.push(`+${value}`),
      updated: (value, old) => told.push(`${old}>${value}`),
      deleted: (value) => told.push(`-${value}`),
      synced: () => told.push("synced"),
    });
    run(reflector);
    return reflector;
  }

  const create = (name: string, type = "LoadBalancer") =>
    admin.post(SERVICES, { metadata: { name }, spec: { type, ports: [{ port: 80 }] } });
  const label = (name: string, round: string) =>
    admin.mergePatch(`${SERVICES}/${name}`, { metadata: { labels: { round } } });
  const setType = (name: string, type: string) =>
    admin.mergePatch(`${SERVICES}/${name}`, { spec: { type } });

  /** Lets a ServiceAccount read Services. */
  async function grant(account: string): Promise<void> {
    const read = ["--verb=list,watch", "--resource=services"];
    const subject = [`--clusterrole=${account}`, `--serviceaccount=default:${account}`];
    await lab.kubectl("create", "clusterrole", account, ...read);
    await lab.kubectl("create", "clusterrolebinding", account, ...subject);
  }

  async function clearServices(): Promise<void> {
    for (const name of ["a", "b", "c"]) {
      await admin.delete(`${SERVICES}/${name}`).catch(() => undefined);
    }
  }

  test("sees Services of type LoadBalancer, and a change of type as coming and going", async () => {
    onTestFinished(clearServices);
    await create("a");
    await create("b", "ClusterIP");
    const reflector = loadBalancers(admin);
    await reflector.synced;
    await label("a", "1");
    await setType("b", "LoadBalancer");
    await setType("a", "ClusterIP");
    await admin.delete(`${SERVICES}/b`);
    await eventually(() => told.length === 6);
    expect(told).toEqual(["+a=0", "synced", "a=0>a=1", "+b=0", "-a=1", "-b=0"]);
    expect(log.told).toEqual([]);
  });

  test("loses nothing while the API server restarts", async () => {
    onTestFinished(clearServices);
    await create("a");
    await create("b");
    const reflector = loadBalancers(admin);
    await reflector.synced;
    await lab.apiServer.restart();
    await label("a", "1");
    await admin.delete(`${SERVICES}/b`);
    await create("c");
    await eventually(() => reflector.get("default/c"));
    expect(told.slice(3).sort()).toEqual(["+c=0", "-b=0", "a=0>a=1"]);
  });

  test("lists anew when its place in history is forgotten", async () => {
    onTestFinished(clearServices);
    await create("a");
    await create("b");
    const credentials = await kubeconfigCredentials(lab.kubeconfig);
    using client = new ForgetfulClient({ credentials, userAgent: "herald-test", log });
    const reflector = loadBalancers(client);
    await reflector.synced;
    await lab.apiServer.restart();
    await label("a", "1");
    await admin.delete(`${SERVICES}/b`);
    await create("c");
    await eventually(() => reflector.get("default/c"));
    expect(told.slice(3).sort()).toEqual(["+c=0", "-b=0", "a=0>a=1"]);
    expect(log.lines.map(({ fields: { error } }) => String(error)).join("\n")).toMatch(
      /410: too old resource version/i,
    );
    expect(client.asked.at(-1)).toMatchObject({ sendInitialEvents: true });
  });

  test("says which verb and resource it lacks, and goes on once they are granted", async () => {
    onTestFinished(clearServices);
    await create("a");
    const account = await ServiceAccount.create(lab, admin, "ungranted");
    account.mountToken(3600);
    const credentials = mountedCredentials(account.directory, lab);
    using client = new KubeClient({ credentials, userAgent: "herald-test", log });
    const reflector = loadBalancers(client);
    const warning = await eventually(() => log.lines.find(({ level }) => level === "warn"));
    expect(warning.fields).toMatchObject({
      error: expect.stringContaining(
        'services is forbidden: User "system:serviceaccount:default:ungranted" cannot watch resource "services" in API group "" at the cluster scope: grant this verb and resource',
      ),
    });
    await grant("ungranted");
    await reflector.synced;
    expect(reflector.get("default/a")).toBe("a=0");
    await eventually(() => log.told.includes("info watch works again"));
  });

  test("takes 5,000 objects by WatchList and by a paged LIST, and both are the same", async () => {
    const path = "/api/v1/namespaces/default/configmaps";
    const names = Array.from({ length: MANY }, (_, index) => `many-${index}`);
    const remaining = names.values();
    const createSome = async () => {
      for (const name of remaining) {
        await admin.post(path, { metadata: { name }, data: { name } });
      }
    };
    await Promise.all(Array.from({ length: 8 }, createSome));
    const credentials = await kubeconfigCredentials(lab.kubeconfig);
    using lister = new ListingClient({ credentials, userAgent: "herald-test", log });
    const fieldSelector = "metadata.name!=kube-root-ca.crt";
    const copies = [admin, lister].map((client) => {
      const project = ({ metadata, data }: V1ConfigMap) => ({ metadata, data });
      return new Reflector(client, { path, fieldSelector, project, log });
    });
    copies.forEach(run);
    await Promise.all(copies.map(({ synced }) => synced));
    const [streamed, listed] = copies.map((copy) =>
      names.map((name) => copy.get(`default/${name}`)),
    );
    expect(copies.map((copy) => [...copy.values()].length)).toEqual([MANY, MANY]);
    expect(streamed).toEqual(listed);
    let pages = 0;
    for await (const { items } of listPages(
      admin,
      path,
      { fieldSelector },
      new AbortController().signal,
    )) {
      pages += 1;
      expect(items).toHaveLength(500);
    }
    expect(pages).toBe(10);
  });

  test("goes on with the token that was rotated when the old one has expired", async () => {
    const account = await ServiceAccount.create(lab, admin, "rotated");
    await grant("rotated");
    const credentials = mountedCredentials(account.directory, lab);
    using client = new KubeClient({ credentials, userAgent: "herald-test", log });
    account.mountToken(-3600);
    await expect(client.get(PATHS.services)).rejects.toMatchObject({ status: 401 });
    const reflector = loadBalancers(client);
    await eventually(() => log.lines.some(({ fields: { reason } }) => reason === "Unauthorized"));
    account.mountToken(3600);
    await reflector.synced;
    await client.get(PATHS.services);
  });
});
