import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { MAX_RELEASED } from "#lib/allocation/released-addresses.ts";
import { formatReleased, parseReleased } from "./released-lines.ts";

const AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const LINE = "192.0.2.10 default/web 2026-01-02T03:04:05.678Z";
const web = { ip: parseIp("192.0.2.10"), service: "default/web", atMs: AT };

describe("what was released", () => {
  it("is a line for each address, and is read again", () => {
    expect(formatReleased([web])).toBe(`${LINE}\n`);
    expect(parseReleased(`${LINE}\n`)).toEqual({ released: [web], unreadable: 0 });
  });

  it.each([
    ["an address that is none", "192.0.2.x default/web 2026-01-02T03:04:05.678Z"],
    ["a name without namespace", "192.0.2.10 web 2026-01-02T03:04:05.678Z"],
    ["no instant", "192.0.2.10 default/web yesterday"],
    ["too few words", "192.0.2.10"],
    ["too many words", `${LINE} again`],
    ["a megabyte", "x".repeat(1e6)],
  ])("is passed over where a line has %s", (_, line) => {
    expect(parseReleased(`${line}\n${LINE}\n`)).toEqual({ released: [web], unreadable: 1 });
  });

  it("is bounded: the last are kept", () => {
    const many = Array.from({ length: MAX_RELEASED + 5 }, (_, index) => ({
      ip: { family: "IPv4", value: BigInt(index) } as const,
      service: `default/s${index}`,
      atMs: index,
    }));
    const { released } = parseReleased(formatReleased(many));
    expect(released).toHaveLength(MAX_RELEASED);
    expect(released.at(-1)).toEqual(many.at(-1));
    expect(released[0]).toEqual(many[5]);
  });

  it("is text of any kind without harm", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(parseReleased(text).released.length).toBeLessThanOrEqual(MAX_RELEASED);
      }),
    );
  });
});
