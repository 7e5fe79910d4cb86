import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually } from "#test/lab/eventually.ts";
import { Lab } from "#test/lab/lab.ts";
import { ClusterUser, POOL } from "./cluster-user.ts";

let lab: Lab;
let user: ClusterUser;

beforeAll(async () => {
  lab = await Lab.start({ nodes: 1 });
  user = new ClusterUser(lab);
  await user.configure([POOL]);
  await user.applyService("steady");
  await lab.setEndpoints("steady");
  await user.owner(await user.address("steady"));
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

afterEach(async () => {
  await lab.kubectl(
    "delete",
    "service",
    "--ignore-not-found",
    "meanwhile",
    "asks",
    "first",
    "second",
  );
  await deletePool("bad");
});

async function deletePool(name: string): Promise<void> {
  await lab.kubectl(
    "--namespace=metallb-system",
    "delete",
    "ipaddresspool",
    "--ignore-not-found",
    name,
  );
}

/** What each process says of the configuration. */
async function states(): Promise<Record<string, { result: string; summary: string }>> {
  const output = await lab.kubectl(
    "--namespace=metallb-system",
    "get",
    "configurationstates",
    "--output=json",
  );
  const { items } = JSON.parse(output);
  return Object.fromEntries(
    items.map(({ metadata, status }: StateObject) => [
      metadata.name,
      { result: status.result, summary: status.errorSummary },
    ]),
  );
}

interface StateObject {
  readonly metadata: { readonly name: string };
  readonly status: { readonly result: string; readonly errorSummary: string };
}

async function allValid(): Promise<void> {
  await eventually(async () => {
    const all = await states();
    expect(all).toEqual({
      controller: { result: "Valid", summary: "" },
      "speaker-n1": { result: "Valid", summary: "" },
    });
    return true;
  });
}

test("good configuration is said to be valid by every process", async () => {
  await allValid();
});

test.each([
  [
    "ends before it begins",
    ["203.0.113.9-203.0.113.1"],
    'Cannot read pool "bad": spec.addresses[0]: range 203.0.113.9-203.0.113.1 ends before it begins: swap the two addresses',
  ],
  [
    "has an impossible prefix length",
    ["203.0.113.0/33"],
    expect.stringMatching(/^Cannot read pool "bad": spec\.addresses\[0\]: .*\/33.*32/),
  ],
  [
    "overlaps another pool",
    ["192.0.2.210-192.0.2.230"],
    expect.stringMatching(/^Cannot read pool "(bad|lab)": spec\.addresses\[0\]: .*overlap/),
  ],
  [
    "has no addresses",
    [],
    'Cannot read pool "bad": spec.addresses: the pool has no addresses: add a CIDR such as 192.0.2.0/24, or a range',
  ],
])(
  "a pool that %s is refused with the mend, and the last good configuration stays",
  async (_, addresses, sentence) => {
    const from = lab.controller.logs.length;
    await user.applyPool("bad", addresses);
    const { field, why } = await lab.controller.waitForLog(
      ({ level, msg }) => level === "error" && String(msg).startsWith("configuration refused"),
      { from },
    );
    expect(why).toEqual(sentence);
    expect(field).toMatch(/^spec\.addresses/);
    await eventually(async () => {
      const refused = { result: "Invalid", summary: `configuration error: ${why}` };
      expect(await states()).toEqual({ controller: refused, "speaker-n1": refused });
      return true;
    });
    const [, pool = ""] = /pool "(\w+)"/.exec(String(why)) ?? [];
    await user.toldByEvent(pool, "ConfigurationError", String(why), "metallb-system");

    await user.applyService("meanwhile");
    expect(await user.address("meanwhile")).toMatch(/^192\.0\.2\.2/);
    const steady = await user.address("steady");
    expect(await user.owner(steady)).toBe("n1");

    await deletePool("bad");
    await allValid();
  },
);

test.each([
  [
    "an address outside all pools",
    { "metallb.io/loadBalancerIPs": "203.0.113.9" },
    "NotInAnyPool",
    "203.0.113.9, which default/asks asks for, is in no pool: add it to a pool, or drop the annotation metallb.io/loadBalancerIPs",
  ],
  [
    "something that is no address",
    { "metallb.io/loadBalancerIPs": "192.0.2.x" },
    "BadRequest",
    'default/asks asks by metallb.io/loadBalancerIPs for "192.0.2.x", which is no address: write one address, or one of each family with a comma between',
  ],
  [
    "a pool that does not exist",
    { "metallb.io/address-pool": "nowhere" },
    "UnknownPool",
    'Pool "nowhere", which default/asks asks for, does not exist: create it, or change the annotation metallb.io/address-pool',
  ],
])(
  "a Service that asks for %s is told why not, and gets one when it stops asking",
  async (_, annotations, reason, sentence) => {
    const from = lab.controller.logs.length;
    await user.applyService("asks", { annotations });
    expect(await user.condition("asks", "herald-lb.io/AddressAllocated", "False", reason)).toBe(
      sentence,
    );
    await user.toldByEvent("asks", "AllocationFailed", sentence);
    await lab.controller.waitForLog(
      ({ msg, service, why }) =>
        msg === "no address for the service" && service === "default/asks" && why === sentence,
      { from },
    );
    await user.applyService("asks");
    expect(await user.address("asks")).toMatch(/^192\.0\.2\.2/);
  },
);

test("a full pool refuses with the mend, and serves the one who waits when an address is released", async () => {
  await user.applyPool("tiny", ["198.51.100.200/32"]);
  const annotations = { "metallb.io/address-pool": "tiny" };
  await user.applyService("first", { annotations });
  await user.address("first");
  await user.applyService("second", { annotations });
  const message = await user.condition(
    "second",
    "herald-lb.io/AddressAllocated",
    "False",
    "PoolExhausted",
  );
  expect(message).toContain('Every address of pool "tiny"');
  await lab.kubectl("delete", "service", "first");
  expect(await user.address("second")).toBe("198.51.100.200");
  await deletePool("tiny");
});

test("a pool that nothing advertises gives addresses, and the condition says what is missing", async () => {
  await lab.kubectl("--namespace=metallb-system", "delete", "l2advertisement", "lab");
  const message = await user.condition(
    "steady",
    "herald-lb.io/Announced",
    "False",
    "NoAdvertisement",
  );
  expect(message).toBe(
    'No L2Advertisement covers pool "lab": create one, or name the pool in an existing one',
  );
  await user.silence(await user.address("steady"));
  await user.configure([POOL]);
  await user.owner(await user.address("steady"));
});

test("an interface that the owner does not have is told, and the address is not answered", async () => {
  const advertisement = {
    apiVersion: "metallb.io/v1beta1",
    kind: "L2Advertisement",
    metadata: { name: "lab", namespace: "metallb-system" },
  };
  await lab.apply(JSON.stringify({ ...advertisement, spec: { interfaces: ["eth9"] } }));
  const message = await user.condition(
    "steady",
    "herald-lb.io/Announced",
    "False",
    "NoSuchInterface",
  );
  expect(message).toContain("eth9");
  await user.toldByEvent("steady", "announceFailed", message);
  await user.silence(await user.address("steady"));
  await lab.apply(JSON.stringify({ ...advertisement, spec: { interfaces: ["eth0"] } }));
  await user.condition("steady", "herald-lb.io/Announced", "True", "Announced");
  await user.owner(await user.address("steady"));
});

test("the API server warns of fields that it does not know, before Herald sees them", async () => {
  const pool = `
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: lab, namespace: metallb-system}
spec: {addresses: ["${POOL}"], autoAsign: false}
`;
  await expect(lab.apply(pool)).rejects.toThrow('unknown field "spec.autoAsign"');
});

test("neither process has crashed over any of it", () => {
  for (const process of [lab.controller, lab.speaker("n1")]) {
    expect(process.isRunning).toBe(true);
    expect(
      process.logs.filter(({ msg }) => msg === "process failed" || msg === "work threw"),
    ).toEqual([]);
  }
});
