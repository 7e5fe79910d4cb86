import { expect, test } from "vitest";
import { AnnouncementSchedule } from "./announcement-schedule.ts";

const ADDRESS = 0xc000_020a;
const START = 1_000;

/** Takes what is due, at each instant that the schedule names, until it names none. */
function runOut(
  schedule: AnnouncementSchedule,
  until = Number.POSITIVE_INFINITY,
): { at: number; address: number; round: number }[] {
  const taken: { at: number; address: number; round: number }[] = [];
  for (let now = schedule.nextDeadline; now !== undefined && now <= until; ) {
    const due = schedule.take(now);
    if (due !== undefined) {
      taken.push({ at: now - START, address: due.address, round: due.round });
    }
    now = schedule.nextDeadline;
  }
  return taken;
}

test("announces an address at once and four times more, ever later", () => {
  const schedule = new AnnouncementSchedule();
  schedule.announce(ADDRESS, START);
  expect(runOut(schedule).map(({ at }) => at)).toEqual([0, 100, 300, 1_000, 3_000]);
});

test("gives nothing before it is due", () => {
  const schedule = new AnnouncementSchedule();
  schedule.announce(ADDRESS, START);
  schedule.take(START);
  expect(schedule.take(START + 99)).toBeUndefined();
});

test("forgets what was still to come when the address is withdrawn", () => {
  const schedule = new AnnouncementSchedule();
  schedule.announce(ADDRESS, START);
  schedule.announce(ADDRESS + 1, START);
  runOut(schedule, START + 150);
  schedule.withdraw(ADDRESS);
  expect(new Set(runOut(schedule).map(({ address }) => address))).toEqual(new Set([ADDRESS + 1]));
});

test("begins anew when the address is announced again, and sends nothing twice", () => {
  const schedule = new AnnouncementSchedule();
  schedule.announce(ADDRESS, START);
  runOut(schedule, START + 150);
  schedule.withdraw(ADDRESS);
  schedule.announce(ADDRESS, START + 200);
  expect(runOut(schedule).map(({ at }) => at)).toEqual([200, 300, 500, 1_200, 3_200]);
});

test("never gives more than 5,000 frames a second, and a burst of 50, and loses none", () => {
  const schedule = new AnnouncementSchedule();
  const count = 10_000;
  for (let index = 0; index < count; index++) {
    schedule.announce(ADDRESS + index, START);
  }
  const taken = runOut(schedule);
  expect(taken).toHaveLength(count * 5);
  const busiest = taken.map(({ at }, index) => {
    const later = taken[index + 2_525];
    return later === undefined ? Number.POSITIVE_INFINITY : later.at - at;
  });
  expect(Math.min(...busiest)).toBeGreaterThanOrEqual(999);
});

test("tells every address for the first time before it tells one for the second", () => {
  const schedule = new AnnouncementSchedule();
  for (let index = 0; index < 1_000; index++) {
    schedule.announce(ADDRESS + index, START);
  }
  const taken = runOut(schedule);
  expect(taken.slice(0, 1_000).every(({ round }) => round === 0)).toBe(true);
});
