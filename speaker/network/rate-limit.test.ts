import { describe, expect, test } from "vitest";
import { RateLimit } from "./rate-limit.ts";

const START = 1_000;
const DEFAULTS = { perLink: 100_000, perClient: 1_000 };

/** The two halves of a MAC address. */
const CLIENT = [0x0200, 0x0000_0100] as const;
const OTHER = [0x0200, 0x0000_0101] as const;

/** How many of so many requests are answered that come at that instant. */
function answered(
  limit: RateLimit,
  [high, low]: readonly [number, number],
  requests: number,
  now: number,
): number {
  let count = 0;
  for (let request = 0; request < requests; request++) {
    count += Number(limit.allows(high, low, now));
  }
  return count;
}

/** MAC addresses that nobody has, one for each number. */
function invented(index: number): readonly [number, number] {
  return [0x0600 | (index & 0xff), Math.imul(index, 0x85eb_ca6b) >>> 0];
}

describe("one client", () => {
  test("is answered two thousand times at once, then a thousand times a second", () => {
    const limit = new RateLimit(DEFAULTS);
    expect(answered(limit, CLIENT, 5_000, START)).toBe(2_000);
    expect(answered(limit, CLIENT, 5_000, START + 1)).toBe(1);
    expect(answered(limit, CLIENT, 5_000, START + 501)).toBe(500);
  });

  test("may ask two thousand times at once again after two seconds", () => {
    const limit = new RateLimit(DEFAULTS);
    answered(limit, CLIENT, 5_000, START);
    expect(answered(limit, CLIENT, 5_000, START + 2_000)).toBe(2_000);
  });

  test("that asks too much takes nothing from another, nor from the link", () => {
    const limit = new RateLimit({ perLink: 100_000, perClient: 1_000 });
    expect(answered(limit, CLIENT, 100_000, START)).toBe(2_000);
    expect(answered(limit, OTHER, 2_000, START)).toBe(2_000);
  });

  test("is bounded also while four thousand others ask", () => {
    const limit = new RateLimit({ perLink: 0, perClient: 1_000 });
    answered(limit, CLIENT, 2_000, START);
    for (let index = 0; index < 4_000; index++) {
      limit.allows(...invented(index), START);
    }
    expect(answered(limit, CLIENT, 10, START)).toBe(0);
  });

  test("that is new has a full bucket, also when all that is remembered is others' empty ones", () => {
    const limit = new RateLimit({ perLink: 0, perClient: 1 });
    for (let index = 0; index < 20_000; index++) {
      answered(limit, invented(index), 2, START);
    }
    expect(answered(limit, CLIENT, 3, START)).toBe(2);
  });

  test("is answered however much it asks when there is no bound", () => {
    const limit = new RateLimit({ perLink: 0, perClient: 0 });
    expect(answered(limit, CLIENT, 1_000_000, START)).toBe(1_000_000);
  });
});

describe("one link", () => {
  test("sends five thousand answers at once, then a hundred thousand a second", () => {
    const limit = new RateLimit(DEFAULTS);
    let index = 0;
    const answeredIn = (ms: number, from: number): number => {
      let count = 0;
      for (let now = from; now < from + ms; now++) {
        for (let request = 0; request < 6_000; request++) {
          count += Number(limit.allows(...invented(index++), now));
        }
      }
      return count;
    };
    const first = answeredIn(1, START);
    expect(first).toBeGreaterThanOrEqual(5_000);
    expect(first).toBeLessThanOrEqual(5_001);
    const next = answeredIn(100, START + 1);
    expect(next).toBeGreaterThanOrEqual(9_999);
    expect(next).toBeLessThanOrEqual(10_001);
  });

  test("is bounded when the bound of a client is off", () => {
    const limit = new RateLimit({ perLink: 1_000, perClient: 0 });
    expect(answered(limit, CLIENT, 1_000, START)).toBe(50);
  });

  test("sends any number when the bound of a client is the only one", () => {
    const limit = new RateLimit({ perLink: 0, perClient: 1_000 });
    for (let index = 0; index < 100_000; index++) {
      limit.allows(...invented(index), START);
    }
    expect(answered(limit, CLIENT, 1, START)).toBe(1);
  });
});

describe("under a flood of invented MAC addresses", () => {
  /** Of 100 requests of a client, one every 10 ms, how many are answered beside so many invented ones a second. */
  function answeredBeside(inventedPerSecond: number): number {
    const limit = new RateLimit(DEFAULTS);
    let index = 0;
    let count = 0;
    for (let ms = 0; ms < 1_000; ms++) {
      const now = START + ms;
      const batch = inventedPerSecond / 1_000;
      // somewhere among the others
      const turn = (ms * 7_919) % batch;
      for (let request = 0; request < batch; request++) {
        if (ms % 10 === 0 && request === turn) {
          count += Number(limit.allows(...CLIENT, now));
        }
        limit.allows(...invented(index++), now);
      }
    }
    return count;
  }

  test("a client is answered always, as long as the link has answers left", () => {
    expect(answeredBeside(99_000)).toBe(100);
  });

  test("and in proportion when it has not, as everyone is", () => {
    const share = answeredBeside(400_000);
    expect(share).toBeGreaterThan(12);
    expect(share).toBeLessThan(45);
  });
});
