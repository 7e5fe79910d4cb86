import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "#test/lab/eventually.ts";
import { Lab } from "#test/lab/lab.ts";
import { ClusterUser, POOL, type ServiceOptions } from "./cluster-user.ts";

const IP = "192.0.2.200";
const ANNOUNCED = "herald-lb.io/Announced";
/** So that each of the two would be answered for by the node of its own endpoint. */
const LOCAL: ServiceOptions = { spec: { externalTrafficPolicy: "Local" } };
const SENTENCE = `${IP} is also default/elder's, which is older and does not share it: default/younger is not announced there until the controller gives one of them another`;

let lab: Lab;
let user: ClusterUser;

beforeAll(async () => {
  lab = await Lab.start({ nodes: 2, herald: { env: { HERALD_FAILBACK: "1s" } } });
  user = new ClusterUser(lab);
  await user.configure([POOL]);
  // It would mend at once what is tested here.
  await lab.controller.stop("SIGTERM");
  await user.applyService("elder", LOCAL);
  await lab.setEndpoints("elder", "default", [{ node: "n1" }]);
  // To hear that nobody answers takes a second: the other Service is younger by the clock of the API server, too.
  await user.silence(IP);
  await user.applyService("younger", LOCAL);
  await lab.setEndpoints("younger", "default", [{ node: "n2" }]);
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

/** Writes the address into the status of the Service, as a controller does. */
async function show(name: string): Promise<void> {
  const status = { loadBalancer: { ingress: [{ ip: IP }] } };
  await lab.kubectl(
    "patch",
    "service",
    name,
    "--subresource=status",
    "--type=merge",
    `--patch=${JSON.stringify({ status })}`,
  );
}

/** A Service that consents to share, with a port of its own. */
function sharing(port: number): ServiceOptions {
  return {
    annotations: { "metallb.io/allow-shared-ip": "blue" },
    spec: { externalTrafficPolicy: "Cluster", ports: [{ port, targetPort: 8080 }] },
  };
}

test("of two Services that show one address only the older is answered for, even when it came later to it", async () => {
  await show("younger");
  expect(await user.owner(IP)).toBe("n2");
  await user.condition("younger", ANNOUNCED, "True", "Announced");
  await show("elder");
  await user.condition("elder", ANNOUNCED, "True", "Announced");
  expect(await user.condition("younger", ANNOUNCED, "False", "AddressHeldByAnother")).toBe(
    SENTENCE,
  );
  await user.toldByEvent("younger", "announceFailed", SENTENCE);
  // the one may offer the address before the other has heard of the change
  await eventually(async () => (await user.owner(IP)) === "n1");
  await eventually(async () => (await user.announcers("younger")).length === 0);
});

test("a speaker that starts does not answer for the younger, not even for a moment", async () => {
  const speaker = lab.speaker("n2");
  const from = speaker.logs.length;
  await speaker.restart();
  await speaker.waitForLog(({ msg }) => msg === "speaker ready");
  expect(await user.owner(IP)).toBe("n1");
  const taken = speaker.logs.slice(from).filter(({ ip, to }) => ip === IP && to === "n2");
  expect(taken).toEqual([]);
});

test("both are answered for, by one node, as soon as both share", async () => {
  await user.applyService("elder", sharing(80));
  await user.applyService("younger", sharing(443));
  await user.condition("younger", ANNOUNCED, "True", "Announced");
  await user.condition("elder", ANNOUNCED, "True", "Announced");
  await user.owner(IP);
});

test("the younger is answered for when the older is gone", async () => {
  await user.applyService("elder", LOCAL);
  await user.applyService("younger", LOCAL);
  await user.condition("younger", ANNOUNCED, "False", "AddressHeldByAnother");
  await eventually(async () => (await user.owner(IP)) === "n1");
  await lab.kubectl("delete", "service", "elder");
  await user.condition("younger", ANNOUNCED, "True", "Announced");
  await eventually(async () => (await user.owner(IP)) === "n2");
});
