import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { NetlinkQuery } from "./netlink-query.ts";
import { Namespace } from "./testing/namespace.ts";

const MAC = "02:00:00:00:01:00";
const ALL_NODES = parseIp("ff02::1").value;
const NO_LINK = 9_999;

describe.runIf(process.getuid?.() === 0)("in a namespace (needs root)", () => {
  let namespace: Namespace;
  let query: NetlinkQuery;
  let eth0: number;

  beforeAll(() => {
    namespace = new Namespace();
    namespace.batch([
      "link add eth0 type veth peer name eth1",
      "link set eth0 up",
      "link set eth1 up",
      "address add 192.0.2.1/24 dev eth0",
      `neighbour add 192.0.2.254 lladdr ${MAC} dev eth0`,
      `neighbour add fe80::fe lladdr ${MAC} dev eth0`,
      "neighbour add 192.0.2.253 nud failed dev eth0",
    ]);
    eth0 = namespace.indexOf("eth0");
    query = namespace.within(() => NetlinkQuery.open());
  });

  afterAll(() => {
    query.close();
    namespace[Symbol.dispose]();
  });

  test.for([
    { what: "an IPv4 neighbour", ip: "192.0.2.254", mac: MAC },
    { what: "an IPv6 neighbour", ip: "fe80::fe", mac: MAC },
    { what: "a neighbour that did not answer", ip: "192.0.2.253", mac: undefined },
    { what: "a neighbour that nobody asked for", ip: "192.0.2.252", mac: undefined },
  ])("knows the MAC address of $what, or that there is none", ({ ip, mac }) => {
    expect(query.neighbourOf(eth0, parseIp(ip))).toBe(mac);
  });

  test("knows no neighbour on a link that is not there, and goes on answering", () => {
    expect(query.neighbourOf(NO_LINK, parseIp("192.0.2.254"))).toBeUndefined();
    expect(query.neighbourOf(eth0, parseIp("192.0.2.254"))).toBe(MAC);
  });

  test("knows the multicast groups of a link", () => {
    expect(query.groupsOf(eth0)).toContain(ALL_NODES);
    expect(query.groupsOf(NO_LINK).size).toBe(0);
  });
});
