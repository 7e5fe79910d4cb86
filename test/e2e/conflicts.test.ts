import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "#test/lab/eventually.ts";
import type { Host } from "#test/lab/host.ts";
import { Lab } from "#test/lab/lab.ts";
import { configureNamespace } from "#test/lab/network-namespace.ts";
import { ClusterUser, POOL, POOL6 } from "./cluster-user.ts";
import { HeardProbes } from "./heard-probes.ts";
import { MetricsReader } from "./metrics-reader.ts";

/** In which a Service is to have an address that is nobody else's. */
const FEW_SECONDS_MS = 5_000;
/** 10 s of silence, as much again for a machine that is busy. */
const SILENCE_LIMIT_MS = 20_000;
/** For so long an address counts as allocated just now. */
const NEW_FOR_MS = 30_000;

const ALLOCATED = "herald-lb.io/AddressAllocated";
const ANNOUNCED = "herald-lb.io/Announced";
const CONFLICT = "herald-lb.io/AddressConflict";

const FAMILIES = [
  { family: "IPv4", taken: "192.0.2.200", next: "192.0.2.201" },
  { family: "IPv6", taken: "2001:db8:0:1::200", next: "2001:db8:0:1::201" },
] as const;
type Family = (typeof FAMILIES)[number]["family"];

let lab: Lab;
let user: ClusterUser;
let metrics: MetricsReader;
let probes: HeardProbes;
/** The host that is none of the cluster. */
let stranger: Host;

beforeAll(async () => {
  lab = await Lab.start({ nodes: 2, clients: 2 });
  user = new ClusterUser(lab);
  [, stranger] = lab.clients as [Host, Host];
  // It is to claim addresses without having them, and to announce those that it has.
  await configureNamespace(
    stranger.namespace,
    { "net/ipv4/ip_nonlocal_bind": 1, "net/ipv6/conf/eth0/ndisc_notify": 1 },
    [],
  );
  await user.configure([POOL, POOL6]);
  metrics = await MetricsReader.create(lab);
  probes = await HeardProbes.by(stranger, lab);
  // Older than any condition of it will be.
  await user.applyService("migrated", { spec: { type: "ClusterIP" } });
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

async function strangerTakes(...ips: readonly string[]): Promise<void> {
  for (const ip of ips) {
    await stranger.exec("ip", ["address", "add", withPrefix(ip), "dev", "eth0"]);
  }
}

async function strangerGivesUp(...ips: readonly string[]): Promise<void> {
  for (const ip of ips) {
    await stranger.exec("ip", ["address", "del", withPrefix(ip), "dev", "eth0"]);
  }
}

function withPrefix(ip: string): string {
  return ip.includes(":") ? `${ip}/64` : `${ip}/24`;
}

/** What both sentences begin with. */
function heard(): string {
  return `Another host \\(${stranger.mac}, heard by n[12] on eth0\\)`;
}

/** The Service has an address of this family alone, the one that it asks for if it asks. */
async function applyService(name: string, family: Family, asked?: string): Promise<void> {
  await user.applyService(name, {
    annotations: asked === undefined ? {} : { "metallb.io/loadBalancerIPs": asked },
    spec: { ipFamilies: [family], ipFamilyPolicy: "SingleStack" },
  });
  await lab.setEndpoints(name);
}

/** The lines in which the controller remembers the addresses that are set aside. */
async function setAside(): Promise<string> {
  return await lab.kubectl(
    "--namespace=metallb-system",
    "get",
    "configmap",
    "herald-released-addresses",
    "--output=jsonpath={.data.set-aside}",
  );
}

test.each(FAMILIES)(
  "an address that another host has already, $taken, is set aside, and the Service gets the next one",
  async ({ family, next, taken }) => {
    const name = `given-${family.toLowerCase()}`;
    await strangerTakes(taken);
    const began = performance.now();
    await applyService(name, family);
    await eventually(async () => (await user.addresses(name)).join() === next);
    expect(performance.now() - began).toBeLessThan(FEW_SECONDS_MS);
    await eventually(() => probes.addresses().has(taken));
    await user.owner(next);
    const told = `^${heard()} already uses ${taken}: it is set aside for 10m, default/${name} gets ${next}$`;
    await user.toldByEvent(name, "AddressConflict", new RegExp(told));
    await user.condition(name, CONFLICT, "False", "NoConflict");
    await user.condition(name, ANNOUNCED, "True", "Announced");
    await eventually(async () => (await setAside()).includes(taken));
    expect(await user.whoHas(taken)).toEqual([stranger.mac]);
  },
);

test("a Service that asks for such an address keeps it, says who has it, and is announced when that host is gone, not before", async () => {
  const services = FAMILIES.map(({ family, taken }) => {
    return { family, ip: taken, name: `asks-${family.toLowerCase()}` };
  });
  for (const { family, ip, name } of services) {
    await applyService(name, family, ip);
    const fact = `${heard()} already uses ${ip}`;
    const found = await user.condition(name, CONFLICT, "True", "FoundAtFirstUse");
    expect(found).toMatch(new RegExp(`^${fact}$`));
    const told = new RegExp(
      `^${fact}, so that no node answers for it until that host was silent for 10 s: give one of the two another address$`,
    );
    expect(await user.condition(name, ANNOUNCED, "False", "AddressConflict")).toMatch(told);
    await user.toldByEvent(name, "announceFailed", told);
    expect(await user.addresses(name)).toEqual([ip]);
    expect(await user.whoHas(ip)).toEqual([stranger.mac]);
  }
  for (const speaker of lab.nodes.map(({ name }) => lab.speaker(name))) {
    await speaker.restart();
    await speaker.waitForLog(({ msg }) => msg === "speaker ready");
  }
  for (const { ip } of services) {
    expect(await user.whoHas(ip)).toEqual([stranger.mac]);
  }
  await strangerGivesUp(...services.map(({ ip }) => ip));
  const began = performance.now();
  for (const { ip, name } of services) {
    await user.owner(ip);
    expect(performance.now() - began).toBeLessThan(SILENCE_LIMIT_MS);
    await user.condition(name, ANNOUNCED, "True", "Announced");
    await user.condition(name, CONFLICT, "False", "NoConflict");
    expect(await user.addresses(name)).toEqual([ip]);
    await lab.kubectl("delete", "service", name);
  }
});

const CLAIMS: readonly (readonly [
  by: string,
  family: Family,
  claim: (ip: string) => Promise<unknown>,
])[] = [
  ["an ARP reply that nobody asked for", "IPv4", (ip) => arpClaim(stranger, ip, "-A")],
  ["an ARP request of its own", "IPv4", (ip) => arpClaim(stranger, ip, "-U")],
  ["a Neighbor Advertisement", "IPv6", (ip) => strangerTakes(ip).then(() => strangerGivesUp(ip))],
];

/** Sends one announcement to all. @param form an option of arping: -A a reply, -U a request */
function arpClaim(host: Host, ip: string, form: "-A" | "-U", count = 1): Promise<string> {
  return host.exec("arping", [form, "-c", String(count), "-I", "eth0", "-s", ip, ip]);
}

test.each(CLAIMS)(
  "another host that claims by %s an address in use is told and counted, and the owner answers on",
  async (by, family, claim) => {
    const name = `claimed-by-${by.toLowerCase().replaceAll(" ", "-")}`;
    await applyService(name, family);
    const ip = await user.address(name);
    const owner = await user.owner(ip);
    await lab
      .speaker(owner)
      .waitForLog(({ ip: address, msg }) => msg === "announcing" && address === ip);
    const counter = "herald_speaker_address_conflicts_total";
    const before = (await metrics.value(owner, counter)) ?? 0;
    await claim(ip);
    const told = `Another host (${stranger.mac}, heard by ${owner} on eth0) claims ${ip}, for which ${owner} answers: give that host another address`;
    await user.toldByEvent(name, "AddressConflict", told);
    expect(await user.condition(name, CONFLICT, "True", "ClaimedInUse")).toBe(told);
    await eventually(async () => (await metrics.value(owner, counter)) === before + 1);
    expect(await user.owner(ip)).toBe(owner);
    await user.condition(name, ANNOUNCED, "True", "Announced");
    await lab.kubectl("delete", "service", name);
  },
);

/** Whether the Service, and its address, are older than what counts as new. */
async function isOld(name: string): Promise<boolean> {
  const { metadata, status } = await user.service(name);
  const allocated = status?.conditions?.find(({ type }) => type === ALLOCATED);
  const since = allocated?.lastTransitionTime ?? metadata?.creationTimestamp;
  return since !== undefined && Date.now() - since.getTime() > NEW_FOR_MS;
}

/** Writes the addresses into the status of the Service, and nothing of Herald's. */
async function leaveAsMetalLb(name: string, ips: readonly string[]): Promise<void> {
  await user.applyService(name, { spec: { ipFamilyPolicy: "PreferDualStack" } });
  await lab.setEndpoints(name);
  const status = { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } };
  const options = ["--subresource=status", "--type=merge"];
  const patch = `--patch=${JSON.stringify({ status })}`;
  await lab.kubectl("patch", "service", name, ...options, patch);
}

/** Has the kernels of all nodes answer for the addresses, or leave it. */
async function kernelsAnswer(change: "add" | "del", ips: readonly string[]): Promise<void> {
  for (const node of lab.nodes) {
    for (const ip of ips) {
      await node.exec("ip", ["address", change, ip, "dev", "eth0"]);
    }
  }
}

test("after a migration, and after a restart of everything, no address is probed or set aside, though nodes answer for it", async () => {
  const kept = FAMILIES.map(({ family, next }) => [`given-${family.toLowerCase()}`, next] as const);
  const migrated = ["192.0.2.210", "2001:db8:0:1::210"] as const;
  for (const name of ["migrated", ...kept.map(([service]) => service)]) {
    await eventually(() => isOld(name), { withinMs: 2 * NEW_FOR_MS });
  }
  const aside = await setAside();
  const speakers = lab.nodes.map(({ name }) => lab.speaker(name));
  await Promise.all([lab.controller, ...speakers].map((process) => process.kill()));
  await leaveAsMetalLb("migrated", migrated);
  await kernelsAnswer("add", migrated);
  const probed = probes.count;
  const told = speakers.map(({ logs }) => logs.length);
  await lab.controller.start();
  // From here on the Service has a condition that speakers might take for new.
  await user.condition("migrated", ALLOCATED, "True", "Allocated");
  await Promise.all([
    ...speakers.map((speaker) => speaker.start()),
    ...lab.nodes.map((node) => arpClaim(node, migrated[0], "-U", 3)),
  ]);
  await user.condition("migrated", ANNOUNCED, "True", "Announced");
  await Promise.all(lab.nodes.map((node) => arpClaim(node, migrated[0], "-A")));
  await kernelsAnswer("del", migrated);
  for (const ip of [...migrated, ...kept.map(([, address]) => address)]) {
    await user.owner(ip);
  }
  // What came before the probes for a new one was heard before them.
  await applyService("new", "IPv4");
  const ip = await user.address("new");
  await eventually(() => probes.addresses(probed).has(ip));
  expect(probes.addresses(probed)).toEqual(new Set([ip]));
  expect(await setAside()).toBe(aside);
  expect(await user.addresses("migrated")).toEqual(migrated);
  for (const [name, address] of kept) {
    expect(await user.addresses(name)).toEqual([address]);
  }
  const { status } = await user.service("migrated");
  expect(status?.conditions?.map(({ type }) => type)).not.toContain(CONFLICT);
  const logs = speakers.flatMap((speaker, index) => speaker.logs.slice(told[index]));
  expect(logs.filter(({ msg }) => msg === "address conflict")).toEqual([]);
});

test("all of it is within the rights of the roles", () => {
  expect(user.refusedByRoles()).toEqual([]);
});
