import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "#test/lab/eventually.ts";
import { Lab } from "#test/lab/lab.ts";
import type { Process } from "#test/lab/process.ts";
import { run } from "#test/lab/run.ts";
import { ClusterUser, POOL } from "./cluster-user.ts";

/** Within the shorter of the two grace periods of manifests/base, after which Kubernetes kills. */
const STOP_LIMIT_MS = 2_000;

let lab: Lab;
let user: ClusterUser;
let ip: string;

beforeAll(async () => {
  lab = await Lab.start({ herald: { controllers: 2, env: { HERALD_FAILBACK: "1s" } } });
  user = new ClusterUser(lab);
  await user.configure([POOL]);
  // or the address would go to whoever started first, and a second later to whoever is preferred
  await speakersKnowEachOther();
  await user.applyService("web");
  await lab.setEndpoints("web", "default", [{ ip: lab.backend.lanIp }]);
  ip = await user.address("web");
  await user.owner(ip);
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

async function speakersKnowEachOther(): Promise<void> {
  for (const { name } of lab.nodes) {
    for (const other of lab.nodes.filter((node) => node.name !== name)) {
      await lab
        .speaker(name)
        .waitForLog(
          ({ msg, node, to }) => msg === "member changed" && node === other.name && to === "alive",
        );
    }
  }
}

/** A new Service goes the whole way: everything works. */
async function everythingWorks(name: string): Promise<void> {
  await eventually(() => user.applyService(name).then(() => true));
  await eventually(() =>
    lab.setEndpoints(name, "default", [{ ip: lab.backend.lanIp }]).then(() => true),
  );
  await user.owner(await user.address(name));
  await lab.kubectl("delete", "service", name);
}

/** Waits until another node than this one answers for the address. */
async function ownerOtherThan(node: string): Promise<string> {
  return await eventually(async () => {
    const owner = await user.owner(ip);
    return owner !== node && owner;
  });
}

async function leader(): Promise<Process> {
  return await eventually(async () => {
    const holder = await lab.kubectl(
      "--namespace=metallb-system",
      "get",
      "lease",
      "herald-controller",
      "--output=jsonpath={.spec.holderIdentity}",
    );
    return lab.controllers.find(({ name }) => name === holder);
  });
}

async function pidsIn(namespace: string): Promise<readonly string[]> {
  return (await run("ip", ["netns", "pids", namespace])).split("\n").filter((pid) => pid !== "");
}

test("a speaker ends soon after SIGTERM and leaves no process; its addresses stay, and others answer for it", async () => {
  const owner = await user.owner(ip);
  const speaker = lab.speaker(owner);
  const { pid } = speaker;
  const { namespace } = lab.node(owner);
  const before = await pidsIn(namespace);
  const began = performance.now();
  expect(await speaker.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  expect(performance.now() - began).toBeLessThan(STOP_LIMIT_MS);
  expect(await pidsIn(namespace)).toEqual(before.filter((other) => other !== String(pid)));
  expect(await user.owner(ip)).toBe(owner);
  expect(await user.fetch(ip)).toContain("hello from");
  await speaker.start();
  await everythingWorks("after-restart");
  expect(await user.owner(ip)).toBe(owner);
});

test("a speaker that is killed keeps its addresses, for which another one answers until it is back", async () => {
  const owner = await user.owner(ip);
  await lab.speaker(owner).kill();
  expect(await user.owner(ip)).toBe(owner);
  expect(await user.fetch(ip)).toContain("hello from");
  await lab.speaker(owner).start();
  await everythingWorks("after-crash");
  expect(await user.owner(ip)).toBe(owner);
  expect((await user.announcers("web")).join()).toBe(owner);
});

test("an owner cut from the network alone says nothing more in the cluster, until it is back", async () => {
  const owner = await user.owner(ip);
  await lab.lan.unplug(owner);
  const next = await ownerOtherThan(owner);
  await eventually(async () => (await user.announcers("web")).join() === next);
  // What the one that was cut off might write, it would write now: let it hear of a change.
  await lab.kubectl("annotate", "service", "web", "example.org/touched=yes");
  await everythingWorks("meanwhile");
  expect(await user.announcers("web")).toEqual([next]);
  await lab.lan.plug(owner);
  await eventually(async () => (await user.owner(ip)) === owner);
  await eventually(async () => (await user.announcers("web")).join() === owner);
});

test("a node that hears nobody takes nothing, and disputes no owner's word", async () => {
  await user.applyService("local", { spec: { externalTrafficPolicy: "Local" } });
  await lab.setEndpoints("local", "default", [{ node: "n1" }]);
  const local = await user.address("local");
  await eventually(async () => (await user.owner(local)) === "n1");
  const { length } = lab.speaker("n2").lines;
  const { length: from } = lab.speaker("n1").lines;
  await lab.lan.unplug("n2");
  await lab
    .speaker("n1")
    .waitForLog(({ msg, node, to }) => msg === "member changed" && node === "n2" && to === "dead", {
      from,
    });
  await everythingWorks("meanwhile");
  await user.condition("local", "herald-lb.io/Announced", "True", "Announced");
  const { metadata } = await user.service("local");
  await everythingWorks("and-again");
  expect((await user.service("local")).metadata?.resourceVersion).toBe(metadata?.resourceVersion);
  const said = lab.speaker("n2").lines.slice(length);
  expect(said.filter((line) => line.includes("owner changed") && line.includes(local))).toEqual([]);
  await lab.lan.plug("n2");
  await eventually(async () => (await user.owner(local)) === "n1");
  await lab.kubectl("delete", "service", "local");
});

test("a controller ends soon after SIGTERM, and the other one goes on", async () => {
  const first = await leader();
  const began = performance.now();
  expect(await first.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  expect(performance.now() - began).toBeLessThan(STOP_LIMIT_MS);
  await everythingWorks("handed-over");
  expect((await leader()).name).not.toBe(first.name);
  await first.start();
});

test("controllers that are killed change no address, and do what came meanwhile when one is back", async () => {
  await user.applyService("typed");
  await user.address("typed");
  const [first, second] = lab.controllers;
  await Promise.all([first?.kill(), second?.kill()]);
  await user.applyService("waited");
  await lab.kubectl("patch", "service", "typed", '--patch={"spec":{"type":"ClusterIP"}}');
  await Promise.all([first?.start(), second?.start()]);
  await user.address("waited");
  await eventually(async () => {
    const { metadata, status } = await user.service("typed");
    expect(metadata?.annotations).not.toHaveProperty("metallb.io/ip-allocated-from-pool");
    expect(status?.conditions ?? []).toEqual([]);
    return true;
  });
  expect(await user.addresses("web")).toEqual([ip]);
  await lab.kubectl("delete", "service", "typed", "waited");
});

test("all of it until now is within the rights of the roles", () => {
  // An API server that has just started refuses what it has not read the roles for.
  expect(user.refusedByRoles()).toEqual([]);
});

test("all is right again after the API server was restarted", async () => {
  const owner = await user.owner(ip);
  await lab.apiServer.kill();
  expect(await user.owner(ip)).toBe(owner);
  await lab.apiServer.start();
  await everythingWorks("after-api-server");
  expect(await user.owner(ip)).toBe(owner);
});

test("a speaker that starts while the API server is down answers as before, from its snapshot", async () => {
  const owner = await user.owner(ip);
  const speaker = lab.speaker(owner);
  await lab.apiServer.kill();
  await speaker.kill();
  await speaker.start();
  const resumed = "resumed from the snapshot: the API server does not answer";
  expect(await speaker.waitForLog(({ msg }) => msg === resumed)).toMatchObject({ nodes: 3 });
  await eventually(async () => (await user.owner(ip)) === owner);
  await lab.apiServer.start();
  const { removed } = await speaker.waitForLog(({ msg }) => msg === "speaker ready");
  expect(removed).toBeUndefined();
  await everythingWorks("after-snapshot");
  expect(await user.owner(ip)).toBe(owner);
});

test("a Service that is deleted while its speakers are down is answered no more", async () => {
  await user.applyService("deleted");
  await lab.setEndpoints("deleted", "default", [{ ip: lab.backend.lanIp }]);
  const deleted = await user.address("deleted");
  const owner = await user.owner(deleted);
  await Promise.all(lab.nodes.map(({ name }) => lab.speaker(name).kill()));
  await lab.kubectl("delete", "service", "deleted");
  await lab.apiServer.kill();
  await Promise.all(lab.nodes.map(({ name }) => lab.speaker(name).start()));
  expect(await user.owner(deleted)).toBe(owner);
  await lab.apiServer.start();
  await user.silence(deleted);
  await everythingWorks("after-removal");
});

test("a node in maintenance gives its addresses away, until it is in maintenance no more", async () => {
  const owner = await user.owner(ip);
  const speaker = lab.speaker(owner);
  await lab.kubectl("annotate", "node", owner, "herald-lb.io/maintenance=disk");
  const { because } = await speaker.waitForLog(({ msg }) => msg === "draining");
  expect(because).toBe(
    `${owner} is in maintenance: its Node has the annotation herald-lb.io/maintenance`,
  );
  const next = await ownerOtherThan(owner);
  expect(await user.fetch(ip)).toContain("hello from");
  await eventually(async () => (await user.announcers("web")).join() === next);
  await lab.kubectl("annotate", "node", owner, "herald-lb.io/maintenance-");
  await speaker.waitForLog(({ msg }) => msg === "draining ended");
  await eventually(async () => (await user.owner(ip)) === owner);
});

test("all is right again after etcd was restarted", async () => {
  const owner = await user.owner(ip);
  await lab.etcd.restart();
  await everythingWorks("after-etcd");
  expect(await user.owner(ip)).toBe(owner);
});

test("SIGUSR2 switches both threads of a speaker to debug, and back", async () => {
  const speaker = lab.speaker("n1");
  const switchTo = async (level: string) => {
    const from = speaker.logs.length;
    speaker.signal("SIGUSR2");
    await speaker.waitForLog(({ msg, to }) => msg === "log level changed" && to === level, {
      from,
    });
    return speaker.logs.length;
  };
  const debugFrom = await switchTo("debug");
  await everythingWorks("at-debug");
  await speaker.waitForLog(({ msg }) => msg === "row taken by the network thread", {
    from: debugFrom,
  });
  const infoFrom = await switchTo("info");
  await everythingWorks("at-info");
  const levels = speaker.logs.slice(infoFrom).map(({ level }) => level);
  expect(levels).not.toContain("debug");
});

test("nothing of it was an error of ours", () => {
  const processes = [...lab.controllers, ...lab.nodes.map(({ name }) => lab.speaker(name))];
  const errors = processes.flatMap(({ logs }) => logs.filter(({ level }) => level === "error"));
  expect(errors).toEqual([]);
});
