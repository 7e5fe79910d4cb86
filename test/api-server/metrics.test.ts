import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { PoolStatusWriter } from "#controller/pool-status.ts";
import type { PoolUsage } from "#lib/allocation/pool-usage.ts";
import { KubeClient } from "#lib/kube/client.ts";
import { metallbPath } from "#lib/kube/paths.ts";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";
import { MetricsRegistry } from "#lib/metrics/metrics-registry.ts";
import { listenSecurely } from "#lib/metrics/serve.ts";
import { scrape } from "#lib/metrics/testing/scrape.ts";
import { describeLab } from "#test/lab/describe-lab.ts";
import { eventually } from "#test/lab/eventually.ts";
import type { Lab } from "#test/lab/lab.ts";
import { adminClient, mountedCredentials, startControlPlane } from "./control-plane.ts";
import { ServiceAccount } from "./service-account.ts";

const MANIFESTS = path.join(import.meta.dirname, "../../manifests");
const NAMESPACE = "metallb-system";
const POOL = `
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: { name: countless, namespace: ${NAMESPACE} }
spec: { addresses: ["192.0.2.0/24", "2001:db8::/64"] }
`;

describeLab("the controller's account, with the rights that the manifests give it", () => {
  let lab: Lab;
  let admin: KubeClient;
  let controller: KubeClient;
  let log: RecordingLog;

  beforeAll(async () => {
    lab = await startControlPlane();
    log = new RecordingLog();
    admin = await adminClient(lab, log);
    await lab.apply(manifest("base/namespace.yaml"));
    await lab.apply(manifest("crds/metallb.io_ipaddresspools.yaml"));
    const roles = path.join(MANIFESTS, "base/controller-rbac.yaml");
    await lab.kubectl("apply", `--namespace=${NAMESPACE}`, `--filename=${roles}`);
    await eventually(() => lab.apply(POOL).then(() => true));
    const credentials = mountedCredentials(await mountController(), lab);
    controller = new KubeClient({ credentials, userAgent: "herald-test", log });
  });

  afterAll(() => lab[Symbol.asyncDispose]());

  const manifest = (file: string) => readFileSync(path.join(MANIFESTS, file), "utf8");

  /** The account of the manifests, as the kubelet mounts it. */
  async function mountController(): Promise<string> {
    const directory = path.join(lab.directory, "account-controller");
    mkdirSync(directory);
    const authority = lab.client.getCurrentCluster()?.caData ?? "";
    writeFileSync(path.join(directory, "ca.crt"), Buffer.from(authority, "base64"));
    const token = await lab.kubectl("create", "token", "controller", `--namespace=${NAMESPACE}`);
    writeFileSync(path.join(directory, "token"), token);
    return directory;
  }

  async function reader(name: string): Promise<ServiceAccount> {
    const account = await ServiceAccount.create(lab, admin, name);
    account.mountToken(3600);
    return account;
  }

  test("shows metrics to an account with the right for them, and to no other", async () => {
    const listener = await listenSecurely(
      { port: 0, log },
      { tlsMinVersion: "VersionTLS13" },
      { registry: new MetricsRegistry(), api: controller, log },
    );
    onTestFinished(() => listener[Symbol.asyncDispose]());
    const [granted, other] = await Promise.all([reader("prometheus"), reader("curious")]);
    const right = ["--verb=get", "--non-resource-url=/metrics"];
    await lab.kubectl("create", "clusterrole", "metrics-reader", ...right);
    const subject = ["--clusterrole=metrics-reader", "--serviceaccount=default:prometheus"];
    await lab.kubectl("create", "clusterrolebinding", "metrics-reader", ...subject);
    const token = granted.token;
    await eventually(async () => (await scrape(listener.port, { token })).status === 200);
    expect(await scrape(listener.port, { token: other.token })).toMatchObject({
      status: 403,
      text: expect.stringContaining("system:serviceaccount:default:curious may not read metrics"),
    });
    expect(await scrape(listener.port, { token: `${other.token}x` })).toMatchObject({
      status: 401,
    });
  });

  test("writes the status of a pool with every digit, and puts a foreign edit right", async () => {
    const usage: PoolUsage = {
      pool: "countless",
      capacity: { IPv4: 256n, IPv6: 2n ** 63n - 1n },
      inUse: { IPv4: 2n, IPv6: 0n },
      setAside: 0,
      services: 2,
    };
    const pool = `${metallbPath(NAMESPACE, "ipaddresspools")}/countless`;
    let stored = await admin.get<object>(pool);
    const writer = new PoolStatusWriter(
      { client: controller, namespace: NAMESPACE, log },
      { usages: () => [usage], stored: () => stored },
    );
    const stop = new AbortController();
    const running = writer.run(stop.signal);
    onTestFinished(async () => {
      stop.abort();
      await running;
    });
    const expected =
      '"status":{"assignedIPv4":2,"assignedIPv6":0,"availableIPv4":254,"availableIPv6":9223372036854775807}';
    const isWritten = async () => (await lab.kubectl("get", "--raw", pool)).includes(expected);
    writer.usageChanged();
    await eventually(isWritten);
    await admin.mergePatch(`${pool}/status`, { status: { assignedIPv4: 7 } });
    expect(await isWritten()).toBe(false);
    stored = await admin.get<object>(pool);
    writer.poolSeen("countless");
    await eventually(isWritten);
  });
});
