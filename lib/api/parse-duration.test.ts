import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { parseDuration } from "./parse-duration.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe("a duration", () => {
  it.each([
    ["0", 0],
    ["0s", 0],
    ["0h0m0s", 0],
    ["+0", 0],
    ["5s", 5 * SECOND],
    ["+5s", 5 * SECOND],
    ["30s", 30 * SECOND],
    ["1478s", 1478 * SECOND],
    ["10m", 10 * MINUTE],
    ["1h30m", 90 * MINUTE],
    ["1.5h", 90 * MINUTE],
    ["30m1h", 90 * MINUTE],
    ["1h1h", 2 * HOUR],
    ["500ms", 500],
    ["5.s", 5 * SECOND],
    [".5s", 500],
    ["1.004s", 1004],
    ["100.00100s", 100_001],
    ["1us", 1],
    ["1000us", 1],
    ["1001µs", 2],
    ["2000μs", 2],
    ["1ns", 1],
    ["0.3ns", 0],
    ["3h4m5.678s", 3 * HOUR + 4 * MINUTE + 5678],
    ["1h2m3s4ms5us6ns", HOUR + 2 * MINUTE + 3 * SECOND + 5],
    ["0.1000000000000000000h", 6 * MINUTE],
    ["8760h", 8760 * HOUR],
  ])("written %j is %d ms", (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it("of any parts is their sum", () => {
    const units = { h: HOUR, m: MINUTE, s: SECOND, ms: 1 } as const;
    const part = fc.record({
      whole: fc.nat(9999),
      thousandths: fc.nat(999),
      unit: fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])),
    });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
        const texts = parts.map(
          ({ whole, thousandths, unit }) =>
            `${whole}.${String(thousandths).padStart(3, "0")}${unit}`,
        );
        const thousandthsOfMs = parts.reduce(
          (sum, { whole, thousandths, unit }) => sum + (whole * 1000 + thousandths) * units[unit],
          0,
        );

        expect(parseDuration(texts.join(""))).toBe(Math.ceil(thousandthsOfMs / 1000));
      }),
    );
  });
});

describe("text that is no duration", () => {
  it.each([
    "",
    " ",
    "10",
    "00",
    "3.5",
    ".",
    ".s",
    "+",
    "+.s",
    "s",
    "10 m",
    " 10m",
    "10m ",
    "10m\n",
    "10m5",
    "10M",
    "1d",
    "1w",
    "1h-5m",
    "1h+5m",
    "1e3s",
    "0x10s",
    "1.2.3s",
    "1,5h",
    "ten minutes",
    "P1D",
    "१०m",
    "∞h",
    "10m\u0000",
    "__proto__",
    "1constructor",
  ])("such as %j is refused with the mend", (text) => {
    expect(() => parseDuration(text)).toThrow(
      new MalformedError(
        "duration",
        `${JSON.stringify(text)} is not a duration: write a number with a unit, such as 90s, 10m or 1h30m, or 0s for none`,
      ),
    );
  });

  it.each(["-5m", "-0", "-0s", "-"])("%j is refused as negative", (text) => {
    expect(() => parseDuration(text)).toThrow(`"${text}" is negative: write a number with a unit`);
  });

  it.each(["1", "1h", ".", "-", "é"])(
    "such as %j a million times over is cut in the sentence",
    (text) => {
      expect(() => parseDuration(text.repeat(1_000_000))).toThrow(
        /^Cannot read duration: ".{59}… is (not a duration|negative): write /u,
      );
    },
  );

  it("is anything but a duration of at least 0, and never another error", () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: "grapheme" }),
      fc.string({ unit: fc.constantFrom(..."0123456789.+-hmsnuµ ") }),
    );
    fc.assert(
      fc.property(text, (given) => {
        try {
          expect(parseDuration(given)).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
