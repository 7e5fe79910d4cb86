/** Pool status: what is assigned and what is left, by family. */

import { describe, expect, test } from "vitest";
import { cluster } from "./cluster.ts";

const DUAL = { ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv4", "IPv6"] };
const LARGEST = "9223372036854775807";

describe("pool status", () => {
  test("counts what two families have, a shared address once, and what is left", async () => {
    const dual = await cluster.pool("dual", ["192.0.2.0/30", "2001:db8::/126"]);
    const shared = await cluster.pool("shared", ["198.51.100.0/30"], {
      spec: { autoAssign: false },
    });
    const web = await cluster.service("web", { spec: DUAL });
    const annotations = {
      "metallb.io/allow-shared-ip": "k",
      "metallb.io/address-pool": "shared",
    };
    const first = await cluster.service("first", { annotations });
    await first.gets(["198.51.100.0"]);
    await (await cluster.service("b", { annotations, ports: [81] })).gets(["198.51.100.0"]);
    await (await cluster.service("c", { annotations })).gets(["198.51.100.1"]);
    await dual.shows("1/3 1/3");
    await shared.shows("2/2 0/0");
    await web.delete();
    await first.delete();
    await dual.shows("0/4 0/4");
    await shared.shows("2/2 0/0");
  });

  test.each([
    ["a /24", ["192.0.2.0/24"], {}, "0/256 0/0"],
    ["a range", ["192.0.2.250-192.0.3.5"], {}, "0/12 0/0"],
    [
      "what avoidBuggyIPs leaves",
      ["192.0.2.0/24", "198.51.100.128/25"],
      { spec: { avoidBuggyIPs: true } },
      "0/381 0/0",
    ],
    [
      "what avoidBuggyIPs leaves of small blocks",
      ["192.0.2.0/31", "2001:db8::/127"],
      { spec: { avoidBuggyIPs: true } },
      "0/1 0/2",
    ],
    [
      "what is not excluded",
      ["192.0.2.0/24"],
      { annotations: { "herald-lb.io/exclude": "192.0.2.0/28, 203.0.113.1" } },
      "0/240 0/0",
    ],
    ["a /64 as the largest number", ["2001:db8::/64"], {}, `0/0 0/${LARGEST}`],
    ["two /64 as the largest number", ["2001:db8::/64", "2001:db8:1::/64"], {}, `0/0 0/${LARGEST}`],
    ["a /66 as the largest number", ["2001:db8::/66"], {}, `0/0 0/${LARGEST}`],
    ["a /67 as it is", ["2001:db8::/67"], {}, "0/0 0/2305843009213693952"],
  ] as const)("counts %s", async (_, addresses, options, text) => {
    const lab = await cluster.pool("lab", addresses, options);
    await lab.shows(text);
  });

  test("of a /64 counts down from the largest number", async () => {
    const lab = await cluster.pool("lab", ["2001:db8::/64"]);
    const web = await cluster.service("web", { spec: { ipFamilies: ["IPv6"] } });
    await web.gets(["2001:db8::"]);
    await lab.shows("0/0 1/9223372036854775806");
  });

  test("that somebody edits is put right", async () => {
    const lab = await cluster.pool("lab", ["192.0.2.0/30"]);
    await lab.shows("0/4 0/0");
    await lab.writeStatus({
      assignedIPv4: 77,
      assignedIPv6: 0,
      availableIPv4: 0,
      availableIPv6: 0,
    });
    await lab.shows("0/4 0/0");
  });

  test("follows an address from pool to pool", async () => {
    const a = await cluster.pool("a", ["192.0.2.0/31"]);
    await (await cluster.service("web")).gets(["192.0.2.0"], "a");
    const b = await cluster.pool("b", ["198.51.100.0/31"]);
    await a.delete();
    await b.shows("1/1 0/0");
    await a.apply(["192.0.2.0/31"]);
    await a.shows("0/2 0/0");
  });

  test("is right after a restart", async () => {
    const lab = await cluster.pool("lab", ["192.0.2.0/30"]);
    const gone = await cluster.service("gone");
    await gone.has();
    await (await cluster.service("stays")).has();
    await cluster.resign();
    await gone.delete();
    await cluster.lead();
    await lab.shows("1/3 0/0");
  });

  test("of a pool that cannot be read is not written", async () => {
    const lab = await cluster.pool("lab", ["192.0.2.0/30"]);
    await lab.shows("0/4 0/0");
    const bad = await cluster.pool("bad", ["192.0.2.9-192.0.2.1"]);
    await (await cluster.service("web")).gets(["192.0.2.0"], "lab");
    expect(await bad.status()).toBe("none/none none/none");
  });
});
