import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "#lib/bytes/testing/hex.ts";
import { formatInterface, formatPacket, formatSectionHeader, type PcapngPacket } from "./pcapng.ts";

const ARP_REQUEST = fromHex(
  "ffffffffffff02000000010008060001080006040001020000000100c000024d000000000000c000020a",
);
const PACKET: PcapngPacket = {
  interfaceId: 0,
  atMs: Date.UTC(2026, 10, 23, 14, 30, 0, 250),
  direction: "in",
  bytes: ARP_REQUEST,
  length: 60,
};

/** The same block as text, without line breaks and spaces. */
function hex(...parts: readonly string[]): string {
  return parts.join("").replaceAll(" ", "");
}

test("writes the section header of draft-ietf-opsawg-pcapng §4.1", () => {
  expect(toHex(formatSectionHeader())).toBe(
    hex("0a0d0d0a 1c000000", "4d3c2b1a 0100 0000 ffffffffffffffff", "1c000000"),
  );
});

test("writes an interface with its name and the unit of its timestamps, §4.2", () => {
  expect(toHex(formatInterface("eth0.7"))).toBe(
    hex(
      "01000000 2c000000",
      "0100 0000 00000000",
      "0200 0600 657468302e37 0000",
      "0900 0100 06 000000",
      "0000 0000",
      "2c000000",
    ),
  );
});

test.for([
  { direction: "in" as const, flags: "01000000" },
  { direction: "out" as const, flags: "02000000" },
])("writes a packet that went $direction, §4.3", ({ direction, flags }) => {
  expect(toHex(formatPacket({ ...PACKET, direction }))).toBe(
    hex(
      "06000000 58000000",
      "00000000",
      timestamp(PACKET.atMs),
      "2a000000 3c000000",
      `${toHex(ARP_REQUEST)} 0000`,
      `0200 0400 ${flags}`,
      "0000 0000",
      "58000000",
    ),
  );
});

/** The high and the low 32 bits of the microseconds. */
function timestamp(atMs: number): string {
  const view = new DataView(new ArrayBuffer(8));
  const time = BigInt(atMs) * 1_000n;
  view.setUint32(0, Number(time >> 32n), true);
  view.setUint32(4, Number(BigInt.asUintN(32, time)), true);
  return toHex(new Uint8Array(view.buffer));
}

/** Walks over the blocks as a reader does, forwards, and gives their types. */
function typesOf(file: Uint8Array): readonly number[] {
  const view = new DataView(file.buffer);
  const types: number[] = [];
  for (let at = 0; at < file.length; at += view.getUint32(at + 4, true)) {
    const length = view.getUint32(at + 4, true);
    expect(length % 4).toBe(0);
    expect(view.getUint32(at + length - 4, true)).toBe(length);
    types.push(view.getUint32(at, true));
  }
  return types;
}

test("writes blocks that end where they say, whatever is in them", () => {
  const packets = fc.record({
    interfaceId: fc.nat(9),
    atMs: fc.double({ min: 0, max: 4e12, noNaN: true }),
    direction: fc.constantFrom<PcapngPacket["direction"]>("in", "out"),
    bytes: fc.uint8Array({ maxLength: 70 }),
    length: fc.nat(9_000),
  });
  fc.assert(
    fc.property(fc.string({ maxLength: 15 }), fc.array(packets), (name, frames) => {
      const blocks = [formatSectionHeader(), formatInterface(name), ...frames.map(formatPacket)];
      const file = Uint8Array.from(blocks.flatMap((block) => [...block]));
      expect(typesOf(file)).toEqual([0x0a0d_0d0a, 1, ...frames.map(() => 6)]);
    }),
  );
});

const tcpdump = spawnSync("tcpdump", ["--version"]);
const missing = tcpdump.error === undefined ? undefined : "tcpdump is missing";

describe.skipIf(missing !== undefined)(
  `as tcpdump reads it (${missing ?? "it is at hand"})`,
  () => {
    test("has the frames, their times, and their interfaces", () => {
      const input = Buffer.concat([
        formatSectionHeader(),
        formatInterface("eth0"),
        formatInterface("eth1"),
        formatPacket(PACKET),
        formatPacket({ ...PACKET, interfaceId: 1, atMs: PACKET.atMs + 0.125, direction: "out" }),
      ]);
      const { stdout, status } = spawnSync("tcpdump", ["-r", "-", "-nn", "-tt"], {
        input,
        encoding: "utf8",
      });
      expect(status).toBe(0);
      expect(stdout.trim().split("\n")).toEqual([
        "1795444200.250000 ARP, Request who-has 192.0.2.10 tell 192.0.2.77, length 46",
        "1795444200.250125 ARP, Request who-has 192.0.2.10 tell 192.0.2.77, length 46",
      ]);
    });
  },
);
