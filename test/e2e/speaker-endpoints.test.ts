import { rmSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "#test/lab/eventually.ts";
import { Lab } from "#test/lab/lab.ts";
import { ClusterUser, POOL, POOL6 } from "./cluster-user.ts";
import { MetricsReader } from "./metrics-reader.ts";

const HEALTH = "http://127.0.0.1:17472";
const METRICS = "https://127.0.0.1:9120/metrics";
/** Of a Service of both families. */
const IPS = ["192.0.2.200", "2001:db8:0:1::200"] as const;

let lab: Lab;
let user: ClusterUser;
let metrics: MetricsReader;

beforeAll(async () => {
  lab = await Lab.start({ nodes: 1 });
  user = new ClusterUser(lab);
  await user.configure([POOL, POOL6]);
  metrics = await MetricsReader.create(lab);
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

async function serve(name: string): Promise<void> {
  await user.applyService(name, { spec: { ipFamilyPolicy: "PreferDualStack" } });
  await lab.setEndpoints(name);
  await eventually(async () => (await user.addresses(name)).join() === IPS.join());
  await Promise.all(IPS.map((ip) => user.owner(ip)));
}

/** What the kubelet of the node is answered. */
async function ask(page: "healthz" | "readyz"): Promise<{ status: number; body: string }> {
  return await lab.node("n1").curl(`${HEALTH}/${page}`);
}

test("a speaker is healthy as soon as it runs, and ready when it has all that it needs", async () => {
  const speaker = lab.speaker("n1");
  await speaker.stop();
  rmSync(path.join(lab.directory, "member-key", "n1", "secretkey"));
  await speaker.start();
  await eventually(async () => (await ask("healthz")).status === 200);
  const { body, status } = await ask("readyz");
  expect(status).toBe(503);
  expect(body).toContain("membership key");
  await lab.mountMemberKey("n1");
  await eventually(async () => (await ask("readyz")).status === 200);
});

test("health is for the node alone", async () => {
  const { lanIp } = lab.node("n1");
  await expect(lab.clients[0]?.curl(`http://${lanIp}:17472/healthz`)).rejects.toThrow("connect");
});

test("metrics are for those whose token may read them", async () => {
  const status = async (...options: readonly string[]) => {
    const args = ["--silent", "--insecure", "--output", "/dev/null", "--write-out", "%{http_code}"];
    return await lab.node("n1").exec("curl", [...args, ...options, METRICS]);
  };
  expect(await status()).toBe("401");
  await lab.kubectl("create", "serviceaccount", "curious");
  const token = await lab.kubectl("create", "token", "curious");
  expect(await status("--header", `Authorization: Bearer ${token}`)).toBe("403");
  expect(await metrics.read("n1")).toContain("\nherald_speaker_owned_addresses 0\n");
});

test.each(IPS)("the series of %s come with its Service, count, and go with it", async (ip) => {
  const announced = `metallb_speaker_announced{service="default/counted",protocol="layer2",node="n1",ip="${ip}"}`;
  const requests = `metallb_layer2_requests_received{ip="${ip}"}`;
  const responses = `metallb_layer2_responses_sent{ip="${ip}"}`;
  const gratuitous = `metallb_layer2_gratuitous_sent{ip="${ip}"}`;
  const value = (series: string) => metrics.value("n1", series);
  await serve("counted");
  await eventually(async () => (await value(announced)) === 1);
  expect(await value("herald_speaker_owned_addresses")).toBe(IPS.length);
  await eventually(async () => (await value(gratuitous)) ?? 0);
  const asked = (await value(requests)) ?? 0;
  const answered = (await value(responses)) ?? 0;
  await user.whoHas(ip);
  await eventually(async () => ((await value(requests)) ?? 0) > asked);
  expect(await value(responses)).toBeGreaterThan(answered);
  await lab.kubectl("delete", "service", "counted");
  for (const series of [announced, requests, responses, gratuitous]) {
    await eventually(async () => (await value(series)) === undefined);
  }
  await eventually(async () => (await value("herald_speaker_owned_addresses")) === 0);
});

test.each([
  ["192.0.2.200", "Request who-has 192.0.2.200 ", "Reply 192.0.2.200 is-at "],
  [
    "2001:db8:0:1::200",
    "neighbor solicitation, who has 2001:db8:0:1::200,",
    "neighbor advertisement, tgt is 2001:db8:0:1::200,",
  ],
])(
  "what is asked and answered about %s can be captured and read by tcpdump",
  async (ip, request, reply) => {
    await serve("captured");
    const node = lab.node("n1");
    const file = path.join(lab.directory, "capture.pcapng");
    const url = `${HEALTH}/capture?ip=${encodeURIComponent(ip)}&seconds=2`;
    let isComplete = false;
    const capture = node.exec("curl", ["--silent", "--fail", "--output", file, url]).finally(() => {
      isComplete = true;
    });
    await eventually(async () => {
      await user.whoHas(ip);
      return isComplete;
    });
    await capture;
    const frames = (await node.exec("tcpdump", ["-e", "-n", "-r", file])).split("\n");
    // There may be announcements, too.
    const client = lab.clients[0]?.mac ?? "";
    const asked = frames.findIndex((frame) => has(frame, `${client} > `, request));
    expect(frames[asked]).toBeDefined();
    expect(frames[asked + 1]).toSatisfy((frame) => has(frame, `${node.mac} > ${client}, `, reply));
  },
);

function has(frame: string, ...parts: readonly string[]): boolean {
  return parts.every((part) => frame.includes(part));
}
