import { expect, test } from "vitest";
import { parseRange } from "#lib/address/ip-range.ts";
import { isInUse } from "./link-use.ts";

const USE = {
  nodeAddresses: ["node-1.example", "192.0.2.11", "2001:db8::11"],
  announced: ["198.51.100.20", "2001:db8:1::20"],
  isNamed: (link: string) => link === "eth9",
};

test.each([
  { link: "has nodes in its subnet", subnets: ["192.0.2.0/24"], expected: true },
  { link: "has nodes in its IPv6 subnet", subnets: ["2001:db8::/64"], expected: true },
  { link: "has announced addresses in its subnet", subnets: ["198.51.100.0/24"], expected: true },
  {
    link: "has them in its second subnet",
    subnets: ["10.0.0.0/8", "2001:db8:1::/64"],
    expected: true,
  },
  { link: "is the bridge of containers", subnets: ["172.18.0.0/16"], expected: false },
  { link: "has no subnet", subnets: [], expected: false },
])("a link that $link: in use $expected", ({ expected, subnets }) => {
  expect(isInUse({ name: "eth0", subnets: subnets.map(parseRange) }, USE)).toBe(expected);
});

test("a link without subnet on which an address is announced by name is in use", () => {
  expect(isInUse({ name: "eth9", subnets: [] }, USE)).toBe(true);
});
