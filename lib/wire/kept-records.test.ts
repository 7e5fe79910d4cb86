import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRange } from "#lib/address/ip-range.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { MemberState } from "#lib/membership/member-record.ts";
import { formatKeptRecords, parseKeptRecords } from "./kept-records.ts";
import { packBodies } from "./member-message.ts";

const INFO = {
  macs: ["02:00:00:00:00:11"],
  subnets: [parseRange("192.0.2.0/24")],
  isDraining: false,
  isImpaired: false,
};
const MEMBERS = [{ node: "n1", incarnation: 3, state: MemberState.alive, info: INFO }];
const CLAIMS = Array.from({ length: 300 }, (_, index) => ({
  group: `198.51.100.${index % 256}`,
  epoch: 1 + index,
  owner: "n1",
}));

describe("Kept records", () => {
  test("are read as they were written, however many packets they would fill", () => {
    const { claims, members } = parseKeptRecords(
      formatKeptRecords({ members: MEMBERS, claims: CLAIMS }),
    );
    expect(members).toEqual(MEMBERS);
    expect(claims.length).toBe(CLAIMS.length);
    expect(claims).toEqual(expect.arrayContaining(CLAIMS));
  });

  test("are refused wherever they are cut short", () => {
    const whole = formatKeptRecords({ members: MEMBERS, claims: CLAIMS.slice(0, 3) });
    for (let length = 1; length < whole.length; length++) {
      expect(() => parseKeptRecords(whole.subarray(0, length))).toThrow(MalformedError);
    }
  });

  test("are refused when they hold anything else", () => {
    const [body = new Uint8Array()] = packBodies([
      { kind: "heard", subject: "n2", incarnation: 1 },
    ]);
    const bytes = Uint8Array.from([0, body.length, ...body]);
    expect(() => parseKeptRecords(bytes)).toThrow("a heard stands among them");
  });

  test("of any bytes are records or a MalformedError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          parseKeptRecords(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});
