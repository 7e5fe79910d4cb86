import { expect, test } from "vitest";
import type { Link } from "#lib/linux/netlink-links.ts";
import { DEFAULT_EXCLUDED_LINKS, decideOn } from "./link-rules.ts";

const LINK: Link = {
  index: 7,
  name: "eth0",
  mac: "02:00:00:00:00:11",
  up: true,
  carrier: true,
  broadcast: true,
  loopback: false,
  noArp: false,
  enslaved: false,
};
const EXCLUDED = DEFAULT_EXCLUDED_LINKS.map((source) => new RegExp(source));

test.for(["eth0", "bond0", "br-lan", "eno1.100", "wlan0", "my-docker0"])(
  "lets the link %s answer",
  (name) => {
    expect(decideOn({ ...LINK, name }, EXCLUDED).kind).toBe("can");
  },
);

test("lets a link answer that has no carrier yet", () => {
  expect(decideOn({ ...LINK, carrier: false }, EXCLUDED).kind).toBe("can");
});

test.for([
  { change: { name: "veth1a2b3c" }, why: "its name matches ^veth.*, which is excluded" },
  { change: { name: "lo" }, why: "its name matches ^lo$, which is excluded" },
  { change: { name: "kube-ipvs0" }, why: "its name matches ^kube-ipvs.*, which is excluded" },
  { change: { loopback: true }, why: "it is a loopback link" },
  { change: { up: false }, why: "it is down" },
  {
    change: { enslaved: true },
    why: "it is a port of a bridge, a bond or a VRF, which answers instead",
  },
  { change: { noArp: true }, why: "it does no ARP" },
  { change: { broadcast: false }, why: "it cannot broadcast" },
  { change: { mac: undefined }, why: "it has no Ethernet address" },
])("says of a link that cannot answer: $why", ({ change, why }) => {
  expect(decideOn({ ...LINK, ...change }, EXCLUDED)).toEqual({ kind: "cannot", why });
});

test("looks for an excluded pattern anywhere in the name", () => {
  expect(decideOn({ ...LINK, name: "eth0-storage" }, [/storage/]).kind).toBe("cannot");
});
