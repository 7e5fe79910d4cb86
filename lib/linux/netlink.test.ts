import fc from "fast-check";
import { expect, test } from "vitest";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { fromHex, toHex } from "#lib/bytes/testing/hex.ts";
import { formatLinkDumpRequest, type Link, parseLinkEvents } from "./netlink.ts";

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

const INFO = { family: 0, index: 7, flags: 0x1_1043 };
const NAME = attribute(3, "6574683000");
const ADDRESS = attribute(1, "020000000011");
const NEW_LINK = message(16, INFO, NAME, ADDRESS);

function message(type: number, info: typeof INFO, ...attributes: readonly string[]): string {
  const body = `${little(info.family, 2)}${little(1, 2)}${little(info.index, 4)}${little(info.flags, 4)}${little(0, 4)}${attributes.join("")}`;
  return header(type, body);
}

function header(type: number, body: string): string {
  return `${little(16 + body.length / 2, 4)}${little(type, 2)}${little(0, 10)}${body}`;
}

function attribute(type: number, value: string): string {
  const length = 4 + value.length / 2;
  return `${little(length, 2)}${little(type, 2)}${value}${"00".repeat(-length & 3)}`;
}

function little(value: number, length: number): string {
  const bytes = new Uint8Array(Math.max(length, 4));
  new DataView(bytes.buffer).setInt32(0, value, true);
  return toHex(bytes.subarray(0, length));
}

test("asks for all links with a dump request", () => {
  expect(toHex(formatLinkDumpRequest())).toBe(`200000001200010300000000${"00".repeat(20)}`);
});

test("reads a link", () => {
  expect(parseLinkEvents(fromHex(NEW_LINK))).toEqual([{ kind: "link", link: LINK }]);
});

test.for([
  { what: "down", flags: 0x1002, changed: { up: false, carrier: false } },
  { what: "without carrier", flags: 0x1003, changed: { carrier: false } },
  { what: "loopback", flags: 0x1_0049, changed: { broadcast: false, loopback: true } },
  { what: "without ARP", flags: 0x1_00c3, changed: { noArp: true } },
])("reads from its flags that a link is $what", ({ flags, changed }) => {
  const bytes = fromHex(message(16, { ...INFO, flags }, NAME, ADDRESS));
  expect(parseLinkEvents(bytes)).toEqual([{ kind: "link", link: { ...LINK, ...changed } }]);
});

test("reads from its master that a link is enslaved", () => {
  const bytes = fromHex(message(16, INFO, NAME, ADDRESS, attribute(10, "09000000")));
  expect(parseLinkEvents(bytes)).toEqual([{ kind: "link", link: { ...LINK, enslaved: true } }]);
});

test("leaves out an address that is not Ethernet's", () => {
  const bytes = fromHex(message(16, INFO, NAME, attribute(1, "c0000201")));
  expect(parseLinkEvents(bytes)).toEqual([{ kind: "link", link: { ...LINK, mac: undefined } }]);
});

test("reads several messages of one datagram", () => {
  const unlink = message(17, { ...INFO, index: 8 }, NAME);
  expect(parseLinkEvents(fromHex(NEW_LINK + unlink + header(3, little(0, 4))))).toEqual([
    { kind: "link", link: LINK },
    { kind: "unlink", index: 8 },
    { kind: "done" },
  ]);
});

test("reads why a request was refused", () => {
  expect(parseLinkEvents(fromHex(header(2, little(-1, 4))))).toEqual([{ kind: "error", errno: 1 }]);
});

test("does not take the end of a bridge's port for the end of the link", () => {
  expect(parseLinkEvents(fromHex(message(17, { ...INFO, family: 7 }, NAME)))).toEqual([]);
});

test.for([
  {
    what: "a message below its header",
    hex: `${little(15, 4)}${NEW_LINK.slice(8)}`,
    why: "message at offset 0 says it has 15 bytes, 56 remain",
  },
  {
    what: "a message over the datagram",
    hex: `${little(57, 4)}${NEW_LINK.slice(8)}`,
    why: "message at offset 0 says it has 57 bytes, 56 remain",
  },
  {
    what: "an attribute below its header",
    hex: message(16, INFO, "00000300"),
    why: "attribute at offset 32 says it has 0 bytes, 4 remain",
  },
  {
    what: "an attribute over its message",
    hex: message(16, INFO, "09000300"),
    why: "attribute at offset 32 says it has 9 bytes, 4 remain",
  },
  {
    what: "a link without its fixed part",
    hex: header(16, ""),
    why: "message needs 32 bytes, and has 16",
  },
  {
    what: "a refusal without reason",
    hex: header(2, ""),
    why: "message needs 20 bytes, and has 16",
  },
])("refuses $what", ({ hex, why }) => {
  expect(() => parseLinkEvents(fromHex(hex))).toThrow(new MalformedError("netlink datagram", why));
});

test("refuses every datagram that is cut short", () => {
  const bytes = fromHex(NEW_LINK);
  for (let length = 1; length < bytes.length; length++) {
    expect(() => parseLinkEvents(bytes.subarray(0, length))).toThrow(MalformedError);
  }
});

test("makes events of any bytes, or says what is wrong with them", () => {
  const byte = fc.record({ at: fc.nat(NEW_LINK.length / 2 - 1), value: fc.nat(255) });
  const turned = fc.array(byte, { maxLength: 6 }).map((changes) => {
    const bytes = fromHex(NEW_LINK);
    for (const { at, value } of changes) {
      bytes[at] = value;
    }
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(turned, fc.uint8Array({ maxLength: 128 })), (bytes) => {
      try {
        expect(Array.isArray(parseLinkEvents(bytes))).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    }),
    { numRuns: 1_000 },
  );
});
