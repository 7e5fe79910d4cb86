import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { fromHex, toHex } from "#lib/bytes/testing/hex.ts";
import { open, seal, snapshotKey } from "./seal.ts";

const SECRET = new TextEncoder().encode("a secret that all speakers share");
const KEY = snapshotKey(SECRET, "n1");
const NONCE = Uint8Array.from({ length: 12 }, (_, index) => index);
const TEXT = '{"rows":[]}';

/** As another implementation of HKDF and AES-GCM makes it, too. */
const SEALED = fromHex(
  "48534e5001000102030405060708090a0b84f5744798da32d0d12ba5997481ae1c681fe062b6a498d4f7ffdc",
);

test("looks like this", () => {
  expect(toHex(seal(TEXT, KEY, NONCE))).toBe(toHex(SEALED));
});

test("is opened by the key that sealed it", () => {
  expect(open(SEALED, KEY)).toBe(TEXT);
});

test("never looks the same twice", () => {
  expect(seal(TEXT, KEY)).not.toEqual(seal(TEXT, KEY));
});

describe("is not opened", () => {
  const NOT_OPENED =
    "Cannot read snapshot: the key does not open it: another node or cluster wrote it, or the membership key was another, or it is damaged";

  test.each([
    ["on another node", snapshotKey(SECRET, "n2")],
    ["in another cluster", snapshotKey(new TextEncoder().encode("another secret"), "n1")],
    ["by the secret itself", SECRET.slice(0, 32)],
  ])("%s", (_, key) => {
    expect(() => open(SEALED, key)).toThrow(NOT_OPENED);
  });

  test.each([
    ["of another magic", 0, "magic is another's"],
    ["of another version", 4, "version is 0, not 1"],
  ])("when it is %s", (_, offset, why) => {
    expect(() => open(withByte(offset, SEALED, 1), KEY)).toThrow(why);
  });

  test("when a byte of it is another, whichever", () => {
    for (let offset = 0; offset < SEALED.length; offset += 1) {
      expect(() => open(withByte(offset, SEALED, 0x80), KEY)).toThrow(MalformedError);
    }
  });

  test("when it is cut short, wherever, or followed by more", () => {
    for (let length = 0; length < SEALED.length; length += 1) {
      expect(() => open(SEALED.subarray(0, length), KEY)).toThrow(MalformedError);
    }
    expect(() => open(Buffer.concat([SEALED, Uint8Array.of(0)]), KEY)).toThrow(NOT_OPENED);
  });
});

describe("whatever", () => {
  test("the text is, it is opened as it was sealed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(open(seal(text, KEY), KEY)).toBe(text);
      }),
    );
  });

  test("the bytes are, they are malformed", () => {
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.uint8Array({ maxLength: 64 }).map((rest) => Buffer.concat([SEALED.subarray(0, 5), rest])),
    );
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(() => open(bytes, KEY)).toThrow(MalformedError);
      }),
    );
  });
});

function withByte(offset: number, bytes: Uint8Array, flip: number): Uint8Array {
  return bytes.map((byte, index) => (index === offset ? byte ^ flip : byte));
}
