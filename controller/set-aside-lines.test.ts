import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Ip, parseIp } from "#lib/address/ip.ts";
import { MAX_SET_ASIDE } from "#lib/allocation/set-aside.ts";
import { formatSetAside, parseSetAside } from "./set-aside-lines.ts";

const UNTIL = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const LINE = "192.0.2.10 2026-01-02T03:04:05.678Z 10m";
const found = { ip: parseIp("192.0.2.10"), untilMs: UNTIL, holdMs: 600_000 };

describe("what is set aside", () => {
  it("is a line for each address, and is read again", () => {
    expect(formatSetAside([found])).toBe(`${LINE}\n`);
    expect(parseSetAside(`${LINE}\n`)).toEqual({ setAside: [found], unreadable: 0 });
  });

  it.each([
    ["an address that is none", "192.0.2.x 2026-01-02T03:04:05.678Z 10m"],
    ["no end", "192.0.2.10 tomorrow 10m"],
    ["no duration", "192.0.2.10 2026-01-02T03:04:05.678Z long"],
    ["a duration of nothing", "192.0.2.10 2026-01-02T03:04:05.678Z 0s"],
    ["more than a day", "192.0.2.10 2026-01-02T03:04:05.678Z 25h"],
    ["too few words", "192.0.2.10"],
    ["too many words", `${LINE} again`],
    ["a megabyte", "x".repeat(1e6)],
  ])("is passed over where a line has %s", (_, line) => {
    expect(parseSetAside(`${line}\n${LINE}\n`)).toEqual({ setAside: [found], unreadable: 1 });
  });

  it("is bounded: those that end last are kept", () => {
    const many = Array.from({ length: MAX_SET_ASIDE + 5 }, (_, index) => {
      const ip: Ip = { family: "IPv4", value: BigInt(index) };
      return { ip, untilMs: index, holdMs: 600_000 };
    });
    const { setAside } = parseSetAside(formatSetAside(many));
    expect(setAside).toHaveLength(MAX_SET_ASIDE);
    expect(setAside[0]).toEqual(many[5]);
  });

  it("is text of any kind without harm", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(parseSetAside(text).setAside.length).toBeLessThanOrEqual(MAX_SET_ASIDE);
      }),
    );
  });
});
