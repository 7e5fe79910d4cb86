import { afterAll, beforeAll, expect, test } from "vitest";
import type { MembersView } from "#speaker/network/messages.ts";
import { eventually } from "#test/lab/eventually.ts";
import { Lab } from "#test/lab/lab.ts";
import { ClusterUser, POOL } from "./cluster-user.ts";
import { MetricsReader } from "./metrics-reader.ts";

const SERVICES = ["s1", "s2", "s3", "s4", "s5", "s6"];
/** Five quarters of a third of them, rounded up. */
const MOST = 3;

let lab: Lab;
let user: ClusterUser;
let metrics: MetricsReader;

beforeAll(async () => {
  const env = { HERALD_PLACEMENT: "balanced", HERALD_FAILBACK: "2s" };
  lab = await Lab.start({ nodes: 3, dualStack: false, herald: { env } });
  user = new ClusterUser(lab);
  metrics = await MetricsReader.create(lab);
  await user.configure([POOL]);
  // so that n1 comes to own all
  await Promise.all([lab.speaker("n2").stop(), lab.speaker("n3").stop()]);
  for (const name of SERVICES) {
    await user.applyService(name);
    await lab.setEndpoints(name);
  }
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

/** The Services that each node announces. */
async function spread(): Promise<ReadonlyMap<string, readonly string[]>> {
  const announcers = await Promise.all(
    SERVICES.map(async (name) => ({ name, by: (await user.announcers(name)).join() })),
  );
  const owned = Map.groupBy(announcers, ({ by }) => by);
  return new Map(Array.from(owned, ([node, list]) => [node, list.map(({ name }) => name)]));
}

async function members(node: string): Promise<MembersView> {
  const { body } = await lab.node(node).curl("http://127.0.0.1:17472/members");
  return JSON.parse(body);
}

test("with balanced placement no node keeps more than its share, and Events tell of each move", async () => {
  await eventually(async () => (await spread()).get("n1")?.length === SERVICES.length);
  await Promise.all([lab.speaker("n2").start(), lab.speaker("n3").start()]);
  const balanced = await eventually(async () => {
    const now = await spread();
    const isBalanced = [...now.values()].every((owned) => owned.length <= MOST);
    // halves are a balance too, while only one of the two that were started is known
    return isBalanced && [...now.keys()].toSorted().join() === "n1,n2,n3" && now;
  });
  const [moved = ""] = balanced.get("n2") ?? [];
  const ip = await user.address(moved);
  expect(await user.owner(ip)).toBe("n2");
  await user.toldByEvent(
    moved,
    "OwnerChanged",
    `n2 answers for ${ip} instead of n1: n1 handed it over`,
  );
});

test("the death of a node is told with its cause and how soon another took over", async () => {
  const [dying = ""] = (await spread()).get("n3") ?? [];
  await Promise.all([lab.lan.unplug("n3"), lab.management.unplug("n3")]);
  const told =
    /^n[12] answers for \S+ instead of n3, \d+ ms after its last sign of life: n3 is dead/;
  await user.toldByEvent(dying, "OwnerChanged", told);
  const shown = await members("n1");
  expect(shown).toMatchObject({ node: "n1", standing: "settled" });
  expect(shown.members.map(({ name, state }) => `${name} ${state}`)).toEqual([
    "n1 alive",
    "n2 alive",
    "n3 dead",
  ]);
  expect(Object.keys(shown.owned)).not.toContain("n3");
  expect(await metrics.value("n1", 'herald_speaker_members{state="dead"}')).toBe(1);
  const failovers = await Promise.all(
    ["n1", "n2"].map((node) => metrics.value(node, "herald_speaker_failover_seconds_count")),
  );
  expect(failovers.some((count = 0) => count > 0)).toBe(true);
});
