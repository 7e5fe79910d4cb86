import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeLab } from "./describe-lab.ts";
import { eventually } from "./eventually.ts";
import type { Host } from "./host.ts";
import { Lab } from "./lab.ts";

const SERVICE = `
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: LoadBalancer
  ipFamilyPolicy: PreferDualStack
  ports: [{ port: 80, nodePort: 30080 }]
`;

describeLab("a lab", () => {
  let lab: Lab;
  let client: Host;

  beforeAll(async () => {
    lab = await Lab.start({ herald: false });
    [client] = lab.clients as [Host];
    await lab.apply(SERVICE);
    await lab.setEndpoints("web");
  });

  afterAll(() => lab[Symbol.asyncDispose]());

  test("has ready nodes with an address of each family, as kubectl sees them from outside", async () => {
    const path = "{range .items[*]}{.metadata.name} {.status.addresses[*].address} ";
    const ready = '{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}';
    const nodes = await lab.kubectl("get", "nodes", "--output", `jsonpath=${path}${ready}`);
    expect(nodes.split("\n")).toEqual([
      "n1 192.0.2.11 2001:db8:0:1::11 n1 True",
      "n2 192.0.2.12 2001:db8:0:1::12 n2 True",
      "n3 192.0.2.13 2001:db8:0:1::13 n3 True",
      "",
    ]);
  });

  test("gives Services a cluster address of each family", async () => {
    const ips = await lab.kubectl("get", "service", "web", "--output=jsonpath={.spec.clusterIPs}");
    expect(JSON.parse(ips)).toEqual([
      expect.stringMatching(/^10\.96\./),
      expect.stringMatching(/^fd00:96::/),
    ]);
  });

  test("refuses a ServiceAccount what no role gives it", async () => {
    await lab.kubectl("create", "serviceaccount", "nobody");
    const token = (await lab.kubectl("create", "token", "nobody")).trim();
    const [cluster] = lab.client.clusters;
    const config = new KubeConfig();
    config.loadFromOptions({
      clusters: [cluster],
      users: [{ name: "nobody", token }],
      contexts: [{ name: "lab", cluster: "lab", user: "nobody" }],
      currentContext: "lab",
    });
    const list = config.makeApiClient(CoreV1Api).listNamespacedService({ namespace: "default" });
    await expect(list).rejects.toMatchObject({
      code: 403,
      body: expect.stringContaining('User \\"system:serviceaccount:default:nobody\\" cannot list'),
    });
  });

  test.each(["192.0.2.11", "192.0.2.13", "[2001:db8:0:1::12]"])(
    "carries HTTP from a client through the node port of %s",
    async (host) => {
      const url = `http://${host}:30080/`;
      const { status, body } = await eventually(() => client.curl(url));
      expect({ status, body }).toEqual({
        status: 200,
        body: expect.stringMatching(/^hello from pod on n[123], client /),
      });
    },
  );

  test("carries HTTP through a load balancer address to the node that the client takes for its owner", async () => {
    const ingress = { status: { loadBalancer: { ingress: [{ ip: "192.0.2.240" }] } } };
    const patch = ["--subresource=status", "--type=merge", `--patch=${JSON.stringify(ingress)}`];
    await lab.kubectl("patch", "service", "web", ...patch);
    const owner = ["192.0.2.240", "lladdr", lab.node("n2").mac, "dev", "eth0"];
    await client.exec("ip", ["neigh", "replace", ...owner]);
    const { body } = await eventually(() => client.curl("http://192.0.2.240/"));
    expect(body).toMatch(/^hello from pod on n[123], client /);
  });

  test("carries HTTP between Pods of two nodes, by themselves and by the cluster address", async () => {
    const { pod } = lab.node("n1");
    const direct = await pod.curl(`http://${lab.node("n3").pod.ip}:8080/`);
    expect(direct.body).toBe("hello from pod on n3, client 10.244.1.2\n");
    const ip = await lab.kubectl("get", "service", "web", "--output=jsonpath={.spec.clusterIP}");
    const { body } = await eventually(() => pod.curl(`http://${ip}/`));
    expect(body).toMatch(/^hello from pod on n[123], client /);
  });

  test("sends a Service's traffic to the backend outside the cluster, once that is its endpoint", async () => {
    await lab.setEndpoints("web", "default", [{ ip: lab.backend.lanIp }]);
    const answer = await eventually(async () => {
      const { body } = await client.curl("http://192.0.2.11:30080/");
      return body.includes("backend") && body;
    });
    expect(answer).toMatch(/^hello from the backend outside the cluster, client 192\.0\.2\.11\n$/);
    await lab.setEndpoints("web");
  });

  test("lets a client ask who answers for an address", async () => {
    const { lanIp, lanIp6, mac } = lab.node("n2");
    expect(await client.arping(lanIp)).toEqual([mac]);
    expect(await client.arping(lanIp, { count: 2, broadcast: true })).toEqual([mac, mac]);
    expect(await client.ndisc(lanIp6)).toEqual([mac]);
    expect(await client.arping("192.0.2.250")).toEqual([]);
    expect(await client.ndisc("2001:db8:0:1::250")).toEqual([]);
  });

  test("pulls a node's LAN cable and leaves it the API server, and puts the cable back", async () => {
    const { lanIp, mac } = lab.node("n3");
    const api = () => lab.node("n3").curl("https://198.51.100.1:6443/", 500);
    await lab.lan.unplug("n3");
    expect(await client.arping(lanIp)).toEqual([]);
    await expect(api()).rejects.toThrow("certificate");
    await lab.lan.plug("n3");
    expect(await client.arping(lanIp)).toEqual([mac]);
  });

  test("pulls a node's management cable and leaves it the LAN, and puts the cable back", async () => {
    const { lanIp, mac } = lab.node("n3");
    const api = () => lab.node("n3").curl("https://198.51.100.1:6443/", 500);
    await lab.management.unplug("n3");
    // its words differ with what it was waiting for
    await expect(api()).rejects.toThrow("curl: (28)");
    expect(await client.arping(lanIp)).toEqual([mac]);
    await lab.management.plug("n3");
    await expect(api()).rejects.toThrow("certificate");
  });

  test("takes a node's carrier away and gives it back", async () => {
    const carrier = () => lab.node("n3").exec("cat", ["/sys/class/net/eth0/carrier"]);
    await lab.lan.setCarrier("n3", "down");
    expect(await carrier()).toBe("0\n");
    await lab.lan.setCarrier("n3", "up");
    expect(await carrier()).toBe("1\n");
  });

  test("keeps its objects when etcd and the API server crash", async () => {
    await lab.apiServer.kill();
    await lab.etcd.restart();
    await lab.apiServer.start();
    expect(await lab.kubectl("get", "service", "web", "--output=name")).toBe("service/web\n");
  });

  test("says what it has not", () => {
    expect(() => lab.node("n9")).toThrow("This lab has no node n9");
    expect(() => lab.speaker("n1")).toThrow("This lab has no Herald");
  });

  test("passes on what kubectl says when it fails", async () => {
    await expect(lab.kubectl("get", "service", "none")).rejects.toThrow(
      'services "none" not found',
    );
  });
});
