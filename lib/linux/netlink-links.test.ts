import fc from "fast-check";
import { expect, test } from "vitest";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { type Link, linkEventFrom } from "./netlink-links.ts";
import { almost, attribute, cutsOf, little, message, viewOf } from "./testing/netlink-bytes.ts";

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

const NEW = 16;
const DELETED = 17;
const INFO = { family: 0, index: 7, flags: 0x1_1043 };
const NAME = attribute(3, "6574683000");
const ADDRESS = attribute(1, "020000000011");
const NEW_LINK = linkMessage(NEW, INFO, NAME, ADDRESS);

function linkMessage(type: number, info: typeof INFO, ...attributes: readonly string[]): string {
  const { family, index, flags } = info;
  const fixed = `${little(family, 2)}${little(1, 2)}${little(index, 4)}${little(flags, 4)}${little(0, 4)}`;
  return message(type, fixed + attributes.join(""));
}

test("reads a link", () => {
  expect(linkEventFrom(viewOf(NEW_LINK))).toEqual({ kind: "link", link: LINK });
});

test("reads the end of a link", () => {
  expect(linkEventFrom(viewOf(linkMessage(DELETED, INFO, NAME)))).toEqual({
    kind: "unlink",
    index: 7,
  });
});

test.for([
  { what: "down", flags: 0x1002, changed: { up: false, carrier: false } },
  { what: "without carrier", flags: 0x1003, changed: { carrier: false } },
  { what: "loopback", flags: 0x1_0049, changed: { broadcast: false, loopback: true } },
  { what: "without ARP", flags: 0x1_00c3, changed: { noArp: true } },
])("reads from its flags that a link is $what", ({ flags, changed }) => {
  const event = linkEventFrom(viewOf(linkMessage(NEW, { ...INFO, flags }, NAME, ADDRESS)));
  expect(event).toEqual({ kind: "link", link: { ...LINK, ...changed } });
});

test("reads from its master that a link is enslaved", () => {
  const master = attribute(10, "09000000");
  expect(linkEventFrom(viewOf(linkMessage(NEW, INFO, NAME, ADDRESS, master)))).toEqual({
    kind: "link",
    link: { ...LINK, enslaved: true },
  });
});

test("leaves out an address that is not Ethernet's", () => {
  const event = linkEventFrom(viewOf(linkMessage(NEW, INFO, NAME, attribute(1, "c0000201"))));
  expect(event).toEqual({ kind: "link", link: { ...LINK, mac: undefined } });
});

test("does not take a wireless event for a link without address", () => {
  const wireless = attribute(11, "0c00158b0000000000000000");
  expect(linkEventFrom(viewOf(linkMessage(NEW, INFO, NAME, wireless)))).toBeUndefined();
});

test("does not take the end of a bridge's port for the end of the link", () => {
  const ofBridge = linkMessage(DELETED, { ...INFO, family: 7 }, NAME);
  expect(linkEventFrom(viewOf(ofBridge))).toBeUndefined();
});

test("refuses a link without its fixed part", () => {
  expect(() => linkEventFrom(viewOf(message(NEW, "")))).toThrow(
    "message needs 32 bytes, and has 16",
  );
});

test("refuses every message that is cut within a field", () => {
  for (const cut of cutsOf(NEW_LINK, 32)) {
    expect(() => linkEventFrom(cut)).toThrow(MalformedError);
  }
});

test("makes an event of any message, or says what is wrong with it", () => {
  fc.assert(
    fc.property(almost(NEW_LINK), (bytes) => {
      try {
        expect([undefined, "link", "unlink"]).toContain(
          linkEventFrom(new DataView(bytes.buffer))?.kind,
        );
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    }),
    { numRuns: 1_000 },
  );
});
