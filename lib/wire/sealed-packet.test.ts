import { createCipheriv, createDecipheriv, webcrypto } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { fromHex, toHex } from "#lib/bytes/testing/hex.ts";
import {
  MAX_BODY_LENGTH,
  MAX_PACKET_LENGTH,
  type Open,
  openPacket,
  type PacketContent,
  type PacketHeader,
  readHeader,
  type Seal,
  sealPacket,
} from "./sealed-packet.ts";

const KEY = new Uint8Array(32).fill(0x5a);
const RECEIVER = 0x1122_3344_5566_7788n;

const HEADER: PacketHeader = {
  keyId: 0xa1a2_a3a4,
  senderId: 0xb1b2_b3b4_b5b6_b7b8n,
  startNonce: 0xc1c2_c3c4_c5c6_c7c8n,
  sequence: 7,
};
const HEADER_HEX =
  "48524c44" + "03" + "a1a2a3a4" + "b1b2b3b4b5b6b7b8" + "c1c2c3c4c5c6c7c8" + "00000007";
const HEADER_LENGTH = HEADER_HEX.length / 2;
const GCM_NONCE_HEX = "0000000000000000" + "00000007";

const CONTENT: PacketContent = {
  echo: 0xd1d2_d3d4_d5d6_d7d8n,
  newestKeyId: 0xe1e2_e3e4,
  challenge: undefined,
  body: fromHex("cafe"),
};
const CHALLENGING: PacketContent = {
  ...CONTENT,
  challenge: { token: 0xf1f2_f3f4_f5f6_f7f8n, startNonce: 0x0102_0304_0506_0708n },
  body: new Uint8Array(),
};
const GOLDEN = [
  {
    what: "a packet with messages",
    content: CONTENT,
    plaintext: "d1d2d3d4d5d6d7d8" + "e1e2e3e4" + "00" + "cafe",
    sealed: "72619dbccff35623ebc498d5c43df6375425c3f2fbcbd1e06b2eca5ee459ee",
  },
  {
    what: "a packet that challenges",
    content: CHALLENGING,
    plaintext: "d1d2d3d4d5d6d7d8" + "e1e2e3e4" + "01" + "f1f2f3f4f5f6f7f8" + "0102030405060708",
    sealed:
      "72619dbccff35623ebc498d5c506fa199de0294ffb692de8de7083561b" +
      "0fb925e070d45c4e3dc6a97a88570b76",
  },
];

const u32s = fc.nat(0xffff_ffff);
const u64s = fc.bigInt(0n, 0xffff_ffff_ffff_ffffn);
const headers = fc.record({ keyId: u32s, senderId: u64s, startNonce: u64s, sequence: u32s });
const contents = fc.record({
  echo: u64s,
  newestKeyId: u32s,
  challenge: fc.option(fc.record({ token: u64s, startNonce: u64s }), { nil: undefined }),
  body: fc.uint8Array({ maxLength: MAX_BODY_LENGTH - 16 }),
});

const seal: Seal = (plaintext, gcmNonce, additionalData) => {
  const cipher = createCipheriv("aes-256-gcm", KEY, gcmNonce);
  cipher.setAAD(additionalData);
  return Uint8Array.of(...cipher.update(plaintext), ...cipher.final(), ...cipher.getAuthTag());
};

const open: Open = (sealed, gcmNonce, additionalData) => {
  const decipher = createDecipheriv("aes-256-gcm", KEY, gcmNonce);
  decipher.setAAD(additionalData);
  decipher.setAuthTag(sealed.subarray(-16));
  const plaintext = decipher.update(sealed.subarray(0, -16));
  try {
    return Uint8Array.of(...plaintext, ...decipher.final());
  } catch {
    return undefined;
  }
};

/** What WebCrypto makes of the same fields. */
async function sealIndependently(plaintext: string): Promise<string> {
  const key = await webcrypto.subtle.importKey("raw", KEY, "AES-GCM", false, ["encrypt"]);
  const parameters = {
    name: "AES-GCM",
    iv: fromHex(GCM_NONCE_HEX),
    additionalData: fromHex(`${HEADER_HEX}1122334455667788`),
  };
  return toHex(new Uint8Array(await webcrypto.subtle.encrypt(parameters, key, fromHex(plaintext))));
}

test.for(GOLDEN)(
  "writes $what in the order of the wire",
  async ({ content, plaintext, sealed }) => {
    expect(toHex(sealPacket(HEADER, RECEIVER, content, seal))).toBe(HEADER_HEX + sealed);
    expect(await sealIndependently(plaintext)).toBe(sealed);
  },
);

test.for(GOLDEN)("reads the same bytes of $what back", ({ content, sealed }) => {
  const packet = fromHex(HEADER_HEX + sealed);
  expect(readHeader(packet)).toEqual(HEADER);
  expect(openPacket(packet, HEADER.sequence, RECEIVER, open)).toEqual(content);
});

test.for([
  { what: "another's packet", hex: `0100000c${"00".repeat(54)}`, fault: "other-magic" },
  { what: "an earlier version", hex: `48524c4402${"00".repeat(53)}`, fault: "other-version" },
  { what: "a later version", hex: `48524c4404${"00".repeat(53)}`, fault: "other-version" },
  { what: "a packet that is too short", hex: HEADER_HEX + "00".repeat(28), fault: "bad-length" },
  { what: "a packet that is too long", hex: HEADER_HEX + "00".repeat(1_172), fault: "bad-length" },
  { what: "nothing", hex: "", fault: "bad-length" },
])("refuses the header of $what", ({ hex, fault }) => {
  expect(readHeader(fromHex(hex))).toBe(fault);
});

test.for([
  {
    what: "two challenges",
    plaintext: "d1d2d3d4d5d6d7d8e1e2e3e402",
    why: "count of challenges is 2, over 1",
  },
  {
    what: "half a challenge",
    plaintext: "d1d2d3d4d5d6d7d8e1e2e3e401f1f2f3f4f5f6f7f801020304",
    why: "start nonce of the challenge needs 4 bytes at offset 25, 0 remain",
  },
  {
    what: "no content",
    plaintext: "",
    why: "echo needs 4 bytes at offset 0, 0 remain",
  },
])("refuses a packet in which somebody has sealed $what", ({ plaintext, why }) => {
  const packet = new Uint8Array(MAX_PACKET_LENGTH);
  expect(() => openPacket(packet, 0, RECEIVER, () => fromHex(plaintext))).toThrow(
    new MalformedError("packet", why),
  );
});

test.for(GOLDEN)("refuses $what that is cut short", ({ sealed }) => {
  const packet = fromHex(HEADER_HEX + sealed);
  for (let length = 0; length < packet.length; length++) {
    const cut = packet.subarray(0, length);
    expect(
      readHeader(cut) === "bad-length" ||
        openPacket(cut, HEADER.sequence, RECEIVER, open) === undefined,
    ).toBe(true);
  }
});

test("refuses a packet with any single bit turned", () => {
  const packet = sealPacket(HEADER, RECEIVER, CONTENT, seal);
  for (let bit = 0; bit < packet.length * 8; bit++) {
    const turned = Uint8Array.from(packet);
    turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const header = readHeader(turned);
    expect(
      typeof header === "string" ||
        openPacket(turned, header.sequence, RECEIVER, open) === undefined,
    ).toBe(true);
  }
});

test("does not open a packet for another receiver", () => {
  const packet = sealPacket(HEADER, RECEIVER, CONTENT, seal);
  expect(openPacket(packet, HEADER.sequence, RECEIVER + 1n, open)).toBeUndefined();
});

test("seals the longest body into a packet that fits into one frame everywhere, and no longer one", () => {
  const body = new Uint8Array(MAX_BODY_LENGTH);
  expect(sealPacket(HEADER, RECEIVER, { ...CONTENT, body }, seal)).toHaveLength(1_200);
  const longer = { ...CONTENT, body: new Uint8Array(MAX_BODY_LENGTH + 1) };
  expect(() => sealPacket(HEADER, RECEIVER, longer, seal)).toThrow(RangeError);
});

test("reads a header of any bytes, or says what is wrong with them", () => {
  const starts = fc.constantFrom("", "48524c44", "48524c4403", HEADER_HEX);
  fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: MAX_PACKET_LENGTH }), (start, rest) => {
      const header = readHeader(Uint8Array.of(...fromHex(start), ...rest));
      const faults = ["other-magic", "other-version", "bad-length"];
      expect(typeof header === "object" || faults.includes(header)).toBe(true);
    }),
  );
});

test("makes content of any plaintext, or says what is wrong with it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (plaintext) => {
      const packet = Uint8Array.of(...fromHex(HEADER_HEX), ...new Uint8Array(29));
      try {
        const content = openPacket(packet, 0, RECEIVER, () => plaintext);
        const bare: Seal = (bytes) => Uint8Array.of(...bytes);
        const again = content && sealPacket(HEADER, RECEIVER, content, bare);
        expect(again?.subarray(HEADER_LENGTH)).toEqual(plaintext);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    }),
  );
});

test("opens every packet that it seals", () => {
  fc.assert(
    fc.property(headers, u64s, contents, (header, receiver, content) => {
      const packet = sealPacket(header, receiver, content, seal);
      expect(readHeader(packet)).toEqual(header);
      expect(openPacket(packet, header.sequence, receiver, open)).toEqual(content);
    }),
  );
});
