import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatIp } from "#lib/address/ip.ts";
import { macFromBytes } from "#lib/wire/mac.ts";
import {
  type AddressConflict,
  conflictCondition,
  conflictOf,
  NO_CONFLICT,
} from "./address-conflict.ts";
import type { Condition } from "./service.ts";
import { service } from "./testing/fixture.ts";

const SINCE = "2026-01-02T03:04:05Z";

const found: AddressConflict = {
  ip: "192.0.2.10",
  mac: "02:42:ac:11:00:07",
  node: "n2",
  link: "eth0",
  when: "first-use",
};

function showing(...conditions: readonly Omit<Condition, "lastTransitionTime">[]) {
  const dated = conditions.map((condition) => ({ ...condition, lastTransitionTime: SINCE }));
  return service("default/web", { conditions: dated });
}

describe("a conflict", () => {
  it.each([
    [
      found,
      "FoundAtFirstUse",
      "Another host (02:42:ac:11:00:07, heard by n2 on eth0) already uses 192.0.2.10",
    ],
    [
      { ...found, ip: "2001:db8::1", when: "in-use" },
      "ClaimedInUse",
      "Another host (02:42:ac:11:00:07, heard by n2 on eth0) claims 2001:db8::1, for which n2 answers: give that host another address",
    ],
  ] as const)("of $when is a condition with a sentence", (conflict, reason, message) => {
    const type = "herald-lb.io/AddressConflict";
    expect(conflictCondition(conflict)).toEqual({ type, status: "True", reason, message });
  });

  it("is read back from the condition, whatever the names", () => {
    const byte = fc.integer({ min: 0, max: 255 });
    const ip = fc.oneof(
      fc.bigInt(0n, 2n ** 32n - 1n).map((value) => formatIp({ family: "IPv4", value })),
      fc.bigInt(2n ** 96n, 2n ** 128n - 1n).map((value) => formatIp({ family: "IPv6", value })),
    );
    const conflict = fc.record({
      ip,
      mac: fc
        .array(byte, { minLength: 6, maxLength: 6 })
        .map((mac) => macFromBytes(Uint8Array.from(mac))),
      node: fc.stringMatching(/^[a-z0-9.-]{1,253}$/),
      link: fc.oneof(
        fc.string({ minLength: 1, maxLength: 15 }),
        fc.constantFrom("eth0", "a) claims", ") already uses", "x on y"),
      ),
      when: fc.constantFrom("first-use", "in-use"),
    });
    fc.assert(
      fc.property(conflict, (written) => {
        expect(conflictOf(showing(conflictCondition(written)))).toEqual(written);
      }),
    );
  });

  it("that is over is none", () => {
    expect(conflictOf(showing(NO_CONFLICT))).toBeUndefined();
    expect(conflictOf(showing())).toBeUndefined();
  });

  it("has the canonical address, however it was written", () => {
    const condition = conflictCondition({ ...found, ip: "2001:db8:0::1" });
    expect(conflictOf(showing(condition))).toMatchObject({ ip: "2001:db8::1" });
  });
});

describe("what somebody else wrote there", () => {
  const good = conflictCondition(found);

  it.each<[string, Partial<Condition>]>([
    ["has another sentence", { message: "192.0.2.10 is taken" }],
    ["has a sentence of another reason", { reason: "ClaimedInUse" }],
    ["has a reason of its own", { reason: "Because" }],
    ["has no address", { message: good.message.replace("192.0.2.10", "192.0.2.300") }],
    ["has no MAC", { message: good.message.replace("02:42:ac:11:00:07", "02:42:ac") }],
    ["goes on", { message: `${good.message} and more` }],
    ["is of unknown status", { status: "Unknown" }],
    ["has 32 KiB", { message: good.message.replace("eth0", ") already uses 1".repeat(2048)) }],
  ])("is no conflict when it %s", (_, fields) => {
    expect(conflictOf(showing({ ...good, ...fields }))).toBeUndefined();
  });

  it("is no conflict where two nodes are named as the one that answers", () => {
    const claimed = conflictCondition({ ...found, when: "in-use" });
    const message = claimed.message.replace("n2 answers", "n3 answers");
    expect(conflictOf(showing({ ...claimed, message }))).toBeUndefined();
  });

  it("does no harm, whatever it is", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.string({ unit: "binary" }),
        (reason, message) => {
          expect(conflictOf(showing({ ...good, reason, message }))).toBeUndefined();
        },
      ),
    );
  });
});
