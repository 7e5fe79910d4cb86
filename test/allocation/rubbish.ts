/** Rubbish: whatever stands in an annotation or a field, there is a sentence, no crash, and no lost address. */

import { describe, expect, test } from "vitest";
import { eventually } from "#test/lab/eventually.ts";
import { cluster } from "./cluster.ts";

const IPS = "metallb.io/loadBalancerIPs";
const POOL = "metallb.io/address-pool";
const SHARE = "metallb.io/allow-shared-ip";
/** Just under what the API server takes for all annotations of an object. */
const HUGE = "x".repeat(256 * 1024 - 64);

/** What is said is to be read by a person, in one line that fits. */
function isSentence(text: string): void {
  expect(text.length).toBeGreaterThan(20);
  expect(text.length).toBeLessThan(1024);
  expect(text).not.toMatch(/undefined|NaN|\[object|\n/);
}

/** All at once. */
async function each<T>(rows: readonly T[], act: (row: T, index: number) => Promise<void>) {
  await Promise.all(rows.map(act));
}

const NO_ADDRESSES: readonly (readonly [string, string])[] = [
  ["a blank", " "],
  ["a comma", ","],
  ["an address and a comma", "192.0.2.3,"],
  ["blanks and line breaks", " \t\n "],
  ["letters", "web"],
  ["unicode", "１９２.0.2.3 – ⁦😀"],
  ["a CIDR", "192.0.2.3/32"],
  ["a range", "192.0.2.3-192.0.2.4"],
  ["an octet too many", "192.0.2.3.4"],
  ["an octet too few", "192.0.2"],
  ["an octet too large", "192.0.2.256"],
  ["leading zeros", "192.0.2.003"],
  ["a number", "3221225987"],
  ["hex", "0xc0000203"],
  ["a port", "192.0.2.3:80"],
  ["brackets", "[2001:db8::3]"],
  ["a zone", "fe80::1%eth0"],
  ["two double colons", "2001::db8::3"],
  ["three addresses", "192.0.2.3,192.0.2.4,2001:db8::3"],
  ["two of one family", "192.0.2.3,192.0.2.4"],
  ["the same twice", "192.0.2.3,192.0.2.3"],
  ["JSON", '["192.0.2.3"]'],
  ["a semicolon between", "192.0.2.3;2001:db8::3"],
  ["a blank between", "192.0.2.3 2001:db8::3"],
  ["256 KiB", HUGE],
  ["thousands of addresses", Array.from({ length: 9000 }, (_, i) => `192.0.2.${i % 256}`).join()],
];

describe("rubbish in loadBalancerIPs", () => {
  test("costs a new Service its address, with a sentence", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    await each(NO_ADDRESSES, async ([what, value], index) => {
      const web = await cluster.service(`s${index}`, { annotations: { [IPS]: value } });
      isSentence(await web.isRefused("BadRequest"));
      const { message } = await web.told("AllocationFailed");
      expect(message, what).toContain(IPS);
    });
  });

  test("leaves a Service that has an address what it has, with a sentence", async () => {
    await cluster.pool("lab", ["192.0.2.0/24"]);
    await each(NO_ADDRESSES, async ([what, value], index) => {
      const web = await cluster.service(`s${index}`);
      const ips = await web.has();
      await web.annotate({ [IPS]: value });
      const { message } = await web.told("LoadBalancerFailed");
      isSentence(message);
      await web.change({ labels: { any: "change" } });
      expect((await web.state()).ips, what).toEqual(ips);
      expect(await web.events("ClearAssignment"), what).toEqual([]);
    });
  });

  test.each([
    ["the unspecified address", "0.0.0.0", {}],
    ["broadcast", "255.255.255.255", {}],
    ["loopback", "127.0.0.1", {}],
    ["multicast", "224.0.0.1", {}],
    ["an address of no pool", "192.0.2.99", {}],
    ["the unspecified IPv6 address", "::", { ipFamilies: ["IPv6"] }],
    ["an IPv4-compatible one", "::192.0.2.3", { ipFamilies: ["IPv6"] }],
  ])("that is an address of no pool is refused: %s", async (_, value, spec) => {
    await cluster.pool("lab", ["192.0.2.0/28", "2001:db8::/124"]);
    const web = await cluster.service("web", { annotations: { [IPS]: value }, spec });
    isSentence(await web.isRefused("NotInAnyPool"));
  });
});

describe("rubbish elsewhere in a Service", () => {
  test("in address-pool is a pool that does not exist, with a sentence", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const values = [
      " ",
      "lab ",
      "LAB",
      "😀",
      "../lab",
      "lab,lab",
      "constructor",
      "__proto__",
      HUGE,
    ];
    await each(values, async (value, index) => {
      const web = await cluster.service(`s${index}`, { annotations: { [POOL]: value } });
      isSentence(await web.isRefused("UnknownPool"));
    });
  });

  test("in allow-shared-ip is a key as good as any", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    await each([" ", "😀", "a\nb", "__proto__", HUGE], async (value, index) => {
      const annotations = { [SHARE]: value };
      const a = await cluster.service(`a${index}`, { annotations });
      const ips = await a.has();
      const b = await cluster.service(`b${index}`, { annotations, ports: [443] });
      await b.gets(ips, "lab");
    });
  });

  test("in allow-shared-ip of 256 KiB is told in a sentence that can be read", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const a = await cluster.service("a", { annotations: { [SHARE]: HUGE } });
    await a.gets(["192.0.2.0"]);
    const b = await cluster.service("b", { annotations: { [IPS]: "192.0.2.0", [SHARE]: "k" } });
    isSentence(await b.isRefused("HeldByAnother"));
  });

  test("in spec.loadBalancerIP costs a new Service its address, with a sentence", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    await each(NO_ADDRESSES, async ([, value], index) => {
      const web = await cluster.service(`s${index}`, { spec: { loadBalancerIP: value } });
      isSentence(await web.isRefused("BadRequest"));
    });
  });

  test("in the annotation that Herald writes is overwritten", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const annotations = { "metallb.io/ip-allocated-from-pool": HUGE };
    const web = await cluster.service("web", { annotations });
    await web.gets(["192.0.2.0"], "lab");
  });

  test("in the status, an address of no pool, gives way to one of a pool", async () => {
    await cluster.resign();
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const services = await Promise.all(
      ["203.0.113.9", "::1", "::ffff:192.0.2.3", "2001:DB8::1"].map(async (ip, index) => {
        const service = await cluster.service(`s${index}`);
        return (await canWrite(() => service.writeIngress(ip))) ? service : undefined;
      }),
    );
    await cluster.lead();
    for (const service of services) {
      await eventually(async () => {
        const ips = (await service?.state())?.ips ?? ["192.0.2.0"];
        return ips.length === 1 && /^192\.0\.2\.\d$/.test(ips[0] ?? "");
      });
    }
  });
});

/** Some API servers refuse what others let through. */
async function canWrite(write: () => Promise<void>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch {
    return false;
  }
}

interface Rubbish {
  readonly addresses?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly serviceAllocation?: object;
  /** What the sentence names. */
  readonly field: string;
}

/** Each is told in a sentence of its own; the addresses of those who have one, and of those who come, are as they were. */
async function lastGoodStays(rows: readonly (readonly [string, Rubbish])[]): Promise<void> {
  await cluster.pool("lab", ["192.0.2.0/26"]);
  const web = await cluster.service("web");
  await web.gets(["192.0.2.0"], "lab");
  for (const [index, [what, { addresses, annotations, field, ...rest }]] of rows.entries()) {
    const from = cluster.log.lines.length;
    await cluster.pool("bad", addresses ?? ["198.51.100.0/28"], {
      ...(annotations && { annotations }),
      spec: { ...rest, autoAssign: index % 2 === 0 },
    });
    const why = await eventually(() => {
      const line = cluster.log.lines.slice(from).find(({ level }) => level === "error");
      return line && String(line.fields["why"]);
    });
    isSentence(why);
    expect(why, what).toContain(field);
    await (await cluster.service(`next-${index}`)).gets([`192.0.2.${index + 1}`], "lab");
  }
  await web.gets(["192.0.2.0"], "lab");
  await cluster.deletePool("bad");
  await cluster.settle();
}

const annotated =
  (key: string) =>
  (value: string): readonly [string, Rubbish] => [
    `${key} ${value.slice(0, 20)}`,
    { annotations: { [key]: value }, field: key },
  ];

describe("rubbish in a pool is told in a sentence, and the last good set stays in force:", () => {
  test("herald-lb.io/exclude", async () => {
    const values = [
      "web",
      ",",
      "192.0.2.3 192.0.2.4",
      "192.0.2.9-192.0.2.1",
      "192.0.2.0/33",
      "192.0.2.1-2001:db8::1",
      "fe80::1%eth0",
      "😀",
      HUGE,
    ];
    await lastGoodStays(values.map(annotated("herald-lb.io/exclude")));
  });

  test("herald-lb.io/max-per-namespace", async () => {
    const values = ["0", "-1", "1.5", "1e3", "five", "", "٣", "99999999999999999999", HUGE];
    await lastGoodStays(values.map(annotated("herald-lb.io/max-per-namespace")));
  });

  test("herald-lb.io/hold-released", async () => {
    const values = ["", "ten minutes", "10", "-10m", "10 m", "1d", "999999h", "😀", HUGE];
    await lastGoodStays(values.map(annotated("herald-lb.io/hold-released")));
  });

  test("spec.addresses", async () => {
    const rows = [
      ["a bare address", ["192.0.2.9"]],
      ["a blank", [" "]],
      ["unicode", ["１９２.0.2.0/24"]],
      ["256 KiB", [HUGE]],
      ["a prefix too long", ["2001:db8::/129"]],
      ["a zone", ["fe80::1%eth0/64"]],
      ["a range of one end", ["192.0.2.9-"]],
      ["a range of three ends", ["192.0.2.7-192.0.2.8-192.0.2.9"]],
      ["a range that takes in IPv4-mapped ones", ["::fffe:ffff:ffff-::ffff:0:1"]],
      ["an IPv4-mapped CIDR", ["::ffff:198.51.100.0/124"]],
      ["itself twice", ["198.51.100.0/30", "198.51.100.0/30"]],
      ["a part of another pool", ["192.0.2.63/32"]],
    ] as const;
    await lastGoodStays(
      rows.map(([what, addresses]) => [what, { addresses, field: "spec.addresses[" }]),
    );
  });

  test("spec.serviceAllocation", async () => {
    const expression = (rest: object) => [{ matchExpressions: [{ key: "a", ...rest }] }];
    const rows = [
      ["namespaces", ["shop", "shop"]],
      ["namespaceSelectors", expression({ operator: "Like" })],
      ["serviceSelectors", expression({ operator: "In" })],
      ["serviceSelectors", expression({ operator: "Exists", values: ["b"] })],
      ["serviceSelectors", [{ matchLabels: { a: "b" } }, { matchLabels: { a: "b" } }]],
    ] as const;
    await lastGoodStays(
      rows.map(([field, value]) => [field, { serviceAllocation: { [field]: value }, field }]),
    );
  });
});

test.each([
  ["host bits", ["192.0.2.9/28"], "192.0.2.0"],
  ["blanks around", [" 192.0.2.0/28 "], "192.0.2.0"],
  ["blanks around the ends of a range", ["192.0.2.3 - 192.0.2.5"], "192.0.2.3"],
])("spec.addresses with %s is no rubbish", async (_, addresses, ip) => {
  await cluster.pool("lab", addresses);
  await (await cluster.service("web")).gets([ip], "lab");
});
