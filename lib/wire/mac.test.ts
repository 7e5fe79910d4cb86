import { expect, test } from "vitest";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { macFromBytes, macToBytes } from "./mac.ts";

const BYTES = Uint8Array.of(0x02, 0x42, 0xac, 0x11, 0x00, 0x07);

test("writes six bytes as lower-case pairs", () => {
  expect(macFromBytes(BYTES)).toBe("02:42:ac:11:00:07");
});

test("reads what it writes", () => {
  expect(macToBytes(macFromBytes(BYTES))).toEqual(BYTES);
});

test("refuses any other number of bytes", () => {
  expect(() => macFromBytes(BYTES.subarray(1))).toThrow(
    new MalformedError("MAC address", "it has 5 bytes, not 6"),
  );
});

test.for(["", "02:42:ac:11:00", "02:42:ac:11:00:07:08", "02:42:AC:11:00:07", "2:42:ac:11:0:7"])(
  'refuses the text "%s"',
  (text) => {
    expect(() => macToBytes(text)).toThrow(MalformedError);
  },
);
