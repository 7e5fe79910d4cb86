import { describe, expect, test } from "vitest";
import { type AnnouncementPlan, AnnouncementSchedule } from "./announcement-schedule.ts";
import { type HeardAddress, newHeardAddress, Stance } from "./heard-address.ts";
import { Pace } from "./pace.ts";

const START = 1_000;
const PLAN: AnnouncementPlan = {
  announceAtMs: [0, 100, 300, 1_000, 3_000],
  framesPerAnnouncement: 2,
};
const ROUNDS = PLAN.announceAtMs.length;

interface Taken {
  /** Milliseconds since the start. */
  readonly at: number;
  readonly address: HeardAddress;
  readonly round: number | "refresh";
}

function scheduleWith({
  plan = PLAN,
  pace = new Pace(5_000),
  random = (): number => 0.5,
} = {}): AnnouncementSchedule {
  return new AnnouncementSchedule(plan, pace, random);
}

function addressOf(index: number, askedAt = Number.NEGATIVE_INFINITY): HeardAddress {
  const ip = `198.51.${100 + Math.floor(index / 256)}.${index % 256}`;
  return { ...newHeardAddress(ip, Stance.own), askedAt };
}

function addresses(count: number): readonly HeardAddress[] {
  return Array.from({ length: count }, (_, index) => addressOf(index));
}

/** Numbers that look random, and are the same in every run. */
function lookingRandom(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Takes what is due, at each instant that the schedule names, for so long. */
function run(schedule: AnnouncementSchedule, ms: number): readonly Taken[] {
  const taken: Taken[] = [];
  let now = schedule.nextDeadline;
  while (now !== undefined && now <= START + ms) {
    const due = schedule.take(now);
    if (due !== undefined) {
      taken.push({ at: now - START, ...due });
    }
    now = schedule.nextDeadline;
  }
  return taken;
}

function busiestSecond(taken: readonly Taken[]): number {
  const bySecond = Map.groupBy(taken, ({ at }) => Math.floor(at / 1_000));
  return Math.max(...bySecond.values().map(({ length }) => length));
}

describe("an address", () => {
  test("is announced at once and four times more, ever later", () => {
    const schedule = scheduleWith();
    schedule.announce(addressOf(10), START);
    const taken = run(schedule, 3_000);
    expect(taken.map(({ at, round }) => [at, round])).toEqual([
      [0, 0],
      [100, 1],
      [300, 2],
      [1_000, 3],
      [3_000, 4],
    ]);
  });

  test("is not announced before it is due", () => {
    const schedule = scheduleWith();
    schedule.announce(addressOf(10), START);
    schedule.take(START);
    expect(schedule.take(START + 99)).toBeUndefined();
  });

  test("keeps the pauses between its announcements when one of them is late", () => {
    const schedule = scheduleWith();
    schedule.announce(addressOf(10), START);
    schedule.take(START + 250);
    expect(schedule.nextDeadline).toBe(START + 350);
  });

  test("that is withdrawn is not announced any more", () => {
    const schedule = scheduleWith();
    const [gone, stays] = [addressOf(10), addressOf(11)];
    schedule.announce(gone, START);
    schedule.announce(stays, START);
    run(schedule, 150);
    schedule.withdraw(gone);
    expect(new Set(run(schedule, 200_000).map(({ address }) => address))).toEqual(new Set([stays]));
    schedule.withdraw(stays);
    expect(schedule.nextDeadline).toBeUndefined();
  });

  test("that is announced again begins anew, and nothing is sent twice", () => {
    const schedule = scheduleWith();
    const address = addressOf(10);
    schedule.announce(address, START);
    run(schedule, 150);
    schedule.withdraw(address);
    schedule.announce(address, START + 200);
    schedule.announce(address, START + 200);
    expect(run(schedule, 3_200).map(({ at }) => at)).toEqual([200, 300, 500, 1_200, 3_200]);
  });

  test.each([
    { random: 0, first: 6, later: 54 },
    { random: 0.5, first: 36, later: 60 },
    { random: 0.999_999, first: 66, later: 66 },
  ])(
    "is refreshed $first s after the last announcement, then every $later s, when chance says $random",
    ({ random, first, later }) => {
      const schedule = scheduleWith({ random: () => random });
      schedule.announce(addressOf(10), START);
      const refreshes = run(schedule, 250_000).filter(({ round }) => round === "refresh");
      const seconds = refreshes.slice(0, 3).map(({ at }) => Math.round((at - 3_000) / 1_000));
      expect(seconds).toEqual([first, first + later, first + 2 * later]);
    },
  );
});

describe("ten thousand addresses that are taken on at once", () => {
  const all = addresses(10_000);

  function runAll(): readonly Taken[] {
    const schedule = scheduleWith({ random: lookingRandom() });
    for (const address of all) {
      schedule.announce(address, START);
    }
    return run(schedule, 1_000_000);
  }

  test("leave at 5,000 frames a second at most, a burst of 52 aside, and none is lost", () => {
    const burst = runAll().filter(({ round }) => round !== "refresh");
    expect(burst).toHaveLength(all.length * ROUNDS);
    const busiest = burst.map(({ at }, index) => {
      const later = burst[index + 2_500 + 26];
      return later === undefined ? Number.POSITIVE_INFINITY : later.at - at;
    });
    expect(Math.min(...busiest)).toBeGreaterThanOrEqual(999);
  });

  test("are each refreshed every 200 s or so, and not in step", () => {
    const refreshes = runAll().filter(({ round }) => round === "refresh");
    expect(busiestSecond(refreshes)).toBeLessThan(110);
    const gaps = [...Map.groupBy(refreshes, ({ address }) => address).values()].flatMap((own) =>
      own.slice(1).map(({ at }, index) => at - (own[index]?.at ?? 0)),
    );
    expect(gaps.length).toBeGreaterThan(3 * all.length);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(180_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(221_000);
  });
});

describe("of those that are due", () => {
  test("a first announcement goes before a second, and both go before a refresh", () => {
    const schedule = scheduleWith({ pace: new Pace(1_000), random: () => 0 });
    const refreshed = addressOf(1);
    schedule.announce(refreshed, START);
    run(schedule, 3_000);
    schedule.announce(addressOf(2), START + 8_950);
    schedule.take(START + 8_950);
    const others = Array.from({ length: 20 }, (_, index) => addressOf(10 + index));
    for (const address of others) {
      schedule.announce(address, START + 9_050);
    }
    const rounds = run(schedule, 9_120).map(({ round }) => round);
    expect(rounds).toEqual([...others.map(() => 0), 1, "refresh"]);
  });

  test("the addresses that were asked for most recently are announced first", () => {
    const schedule = scheduleWith();
    const asked = [500, Number.NEGATIVE_INFINITY, 900, 700, Number.NEGATIVE_INFINITY];
    asked.forEach((askedAt, index) => {
      schedule.announce(addressOf(index, askedAt), START);
    });
    const order = run(schedule, 50).map(({ address }) => address.askedAt);
    expect(order.slice(0, 3)).toEqual([900, 700, 500]);
  });

  test("those of two schedules of one link leave at its pace together", () => {
    const pace = new Pace(1_000);
    const [arp, ndp] = [scheduleWith({ pace }), scheduleWith({ pace })];
    for (const address of addresses(100)) {
      arp.announce(address, START);
      ndp.announce(address, START);
    }
    let frames = 0;
    for (let now = START; now < START + 100; now++) {
      for (const schedule of [arp, ndp]) {
        while (schedule.take(now) !== undefined) {
          frames += PLAN.framesPerAnnouncement;
        }
      }
    }
    expect(frames).toBeGreaterThanOrEqual(100);
    expect(frames).toBeLessThanOrEqual(112);
  });

  test("all leave at once when there is no pace", () => {
    const schedule = scheduleWith({ pace: new Pace(0) });
    for (const address of addresses(100)) {
      schedule.announce(address, START);
    }
    expect(run(schedule, 0)).toHaveLength(100);
  });
});
