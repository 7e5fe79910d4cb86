import fc from "fast-check";
import { expect, test } from "vitest";
import { formatIp } from "#lib/address/ip.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { routeEventsFrom } from "./netlink-routes.ts";
import { almost, attribute, cutsOf, little, message, viewOf } from "./testing/netlink-bytes.ts";

const NEW = 24;
const DELETED = 25;
const MULTI = 2;

/** `default via 192.0.2.254 dev <3>`, as Linux 6.18 dumps it. */
const IPV4 =
  "3400000018000200000000005417000002000000fe030001" +
  "0000000008000f00fe00000008000500c00002fe0800040003000000";

/** `default nexthop via 192.0.2.253 dev <3> nexthop via inet6 2001:db8::fd dev <3>`. */
const IPV4_NEXT_HOPS =
  "6000000018000200000000005417000002000000fe0300010000000008000f00fe0000000800060014000000" +
  "34000900100000000300000008000500c00002fd2000000003000000160012000a00" +
  "20010db80000000000000000000000fd0000";

/** `default nexthop via fe80::fe dev <3> nexthop via fe80::fd dev <3>`. */
const IPV6_NEXT_HOPS =
  "940000001800020000000000541700000a000000fe0300010000000008000f00fe0000000800060000040000" +
  "3c0009001c0000000300000014000500fe8000000000000000000000000000fe" +
  "1c0000000300000014000500fe8000000000000000000000000000fd" +
  "24000c0000000000000000000000000000000000000000000000000000000000000000000500140000000000";

const UNREACHABLE =
  "2c00000018000200000000005417000002000000fe030007" + "0000000008000f00fe00000008000600e7030000";

const OTHER_TABLE =
  "3400000018000200000000005417000002000000fc030001" +
  "0000000008000f00e803000008000500c00002fc0800040003000000";

const OTHER_DESTINATION =
  "3c00000018000200000000005417000002180000fe030001" +
  "0000000008000f00fe00000008000100cb00710008000500c00002fe0800040003000000";

const GATEWAY = attribute(5, "c00002fe");
const LINK = attribute(4, little(3, 4));

interface Fixed {
  readonly type?: number;
  readonly flags?: number;
  readonly family?: number;
  readonly table?: number;
}

function routeMessage(fixed: Fixed, ...attributes: readonly string[]): string {
  const { type = NEW, flags = MULTI, family = 2, table = 254 } = fixed;
  const info = `${little(family, 1)}000000${little(table, 1)}030001${little(0, 4)}`;
  return message(type, info + attributes.join(""), flags);
}

function shown(hex: string): readonly string[] {
  return routeEventsFrom(viewOf(hex)).map((event) =>
    event.kind === "gateway"
      ? `${formatIp(event.gateway.ip)} on ${event.gateway.index}`
      : event.kind,
  );
}

test.for([
  { what: "one gateway", hex: IPV4, gateways: ["192.0.2.254 on 3"] },
  {
    what: "several gateways, one of them of IPv6",
    hex: IPV4_NEXT_HOPS,
    gateways: ["192.0.2.253 on 3", "2001:db8::fd on 3"],
  },
  {
    what: "several IPv6 gateways",
    hex: IPV6_NEXT_HOPS,
    gateways: ["fe80::fe on 3", "fe80::fd on 3"],
  },
  {
    what: "one gateway of IPv6",
    hex: routeMessage({}, attribute(18, `0a00${"fe80".padEnd(32, "0")}`), LINK),
    gateways: ["fe80:: on 3"],
  },
  { what: "no gateway but a link", hex: routeMessage({}, LINK), gateways: [] },
  { what: "nowhere", hex: UNREACHABLE, gateways: [] },
  {
    what: "a gateway of an unknown family",
    hex: routeMessage({}, attribute(18, "0100c0000201"), LINK),
    gateways: [],
  },
])("reads a dumped default route to $what", ({ hex, gateways }) => {
  expect(shown(hex)).toEqual(gateways);
});

test.for([
  { what: "of another table", hex: OTHER_TABLE },
  { what: "of another table by number", hex: routeMessage({ table: 100 }, GATEWAY, LINK) },
  { what: "of another destination", hex: OTHER_DESTINATION },
  { what: "of another family", hex: routeMessage({ family: 28 }, GATEWAY, LINK) },
])("passes over routes $what, dumped or new", ({ hex }) => {
  expect(shown(hex)).toEqual([]);
  expect(shown(`${hex.slice(0, 12)}0000${hex.slice(16)}`)).toEqual([]);
});

test("tells that default routes changed, when one is new or gone", () => {
  expect(shown(routeMessage({ flags: 0x100 }, GATEWAY, LINK))).toEqual(["routes-changed"]);
  expect(shown(routeMessage({ type: DELETED, flags: 0 }))).toEqual(["routes-changed"]);
});

test.for([
  {
    what: "a route without its fixed part",
    hex: message(NEW, ""),
    why: "message needs 28 bytes, and has 16",
  },
  {
    what: "an IPv4 gateway of 16 bytes",
    hex: routeMessage({}, attribute(5, "00".repeat(16)), LINK),
    why: "gateway has 16 bytes, not 4",
  },
  {
    what: "a gateway without its family",
    hex: routeMessage({}, attribute(18, "0a"), LINK),
    why: "gateway has 1 bytes, and needs 2",
  },
  {
    what: "a table of two bytes",
    hex: routeMessage({}, attribute(15, "fe00")),
    why: "table has 2 bytes, not 4",
  },
  {
    what: "a link of two bytes",
    hex: routeMessage({}, GATEWAY, attribute(4, "0300")),
    why: "link has 2 bytes, not 4",
  },
  {
    what: "a next hop below its header",
    hex: routeMessage({}, attribute(9, `${little(7, 2)}0000${little(3, 4)}`)),
    why: "next hop at offset 0 says it has 7 bytes, 8 remain",
  },
  {
    what: "a next hop over its list",
    hex: routeMessage({}, attribute(9, `${little(9, 2)}0000${little(3, 4)}`)),
    why: "next hop at offset 0 says it has 9 bytes, 8 remain",
  },
  {
    what: "a next hop that is cut short",
    hex: routeMessage({}, attribute(9, little(8, 4))),
    why: "next hop needs 8 bytes at offset 0, 4 remain",
  },
])("refuses $what", ({ hex, why }) => {
  expect(() => routeEventsFrom(viewOf(hex))).toThrow(new MalformedError("netlink datagram", why));
});

test("refuses every message that is cut within a field", () => {
  for (const cut of cutsOf(IPV4_NEXT_HOPS, 28)) {
    expect(() => routeEventsFrom(cut)).toThrow(MalformedError);
  }
});

test.for([IPV4, IPV4_NEXT_HOPS, IPV6_NEXT_HOPS])(
  "makes events of any message, or says what is wrong with it",
  (hex) => {
    fc.assert(
      fc.property(almost(hex), (bytes) => {
        try {
          expect(Array.isArray(routeEventsFrom(new DataView(bytes.buffer)))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
      { numRuns: 1_000 },
    );
  },
);
