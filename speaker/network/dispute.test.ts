import { describe, expect, test } from "vitest";
import { Dispute } from "./dispute.ts";

const START = 1_000;
const MAC = "02:42:ac:11:00:07";
const OTHER_MAC = "02:42:ac:11:00:08";

function invented(index: number): string {
  return `06:00:00:00:${(index >> 8).toString(16).padStart(2, "0")}:${(index & 0xff).toString(16).padStart(2, "0")}`;
}

describe("what is told", () => {
  test("is nothing before somebody is heard", () => {
    const dispute = new Dispute(START);
    expect(dispute.takeNews(START)).toBeUndefined();
    expect(dispute.tellAt).toBe(Number.POSITIVE_INFINITY);
  });

  test("is each host once, however often it claims", () => {
    const dispute = new Dispute(START);
    dispute.hear(MAC, "eth0", START);
    expect(dispute.takeNews(START)).toEqual({ mac: MAC, link: "eth0" });
    dispute.hear(MAC, "eth1", START + 5_000);
    expect(dispute.takeNews(START + 5_000)).toBeUndefined();
  });

  test("is another host within a second", () => {
    const dispute = new Dispute(START);
    dispute.hear(MAC, "eth0", START);
    dispute.takeNews(START);
    dispute.hear(OTHER_MAC, "eth0", START + 300);
    expect(dispute.takeNews(START + 999)).toBeUndefined();
    expect(dispute.tellAt).toBe(START + 1_000);
    expect(dispute.takeNews(START + 1_000)).toEqual({ mac: OTHER_MAC, link: "eth0" });
  });

  test("is eight hosts at most, one a second, when each claim comes from another MAC address", () => {
    const dispute = new Dispute(START);
    const told: number[] = [];
    for (let index = 0; index < 20_000; index++) {
      const now = START + index;
      dispute.hear(invented(index), "eth0", now);
      if (dispute.takeNews(now) !== undefined) {
        told.push(now - START);
      }
    }
    expect(told).toEqual([0, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000]);
  });
});

test("the address may be defended once in ten seconds on each link", () => {
  const dispute = new Dispute(START);
  const may = (link: string, ms: number): boolean => dispute.mayDefend(link, START + ms);
  expect([may("eth0", 0), may("eth1", 1)]).toEqual([true, true]);
  expect([may("eth0", 9_999), may("eth1", 9_999)]).toEqual([false, false]);
  expect([may("eth0", 10_000), may("eth1", 10_000)]).toEqual([true, false]);
});

test("a host that was heard starts the silence anew", () => {
  const dispute = new Dispute(START);
  dispute.hear(MAC, "eth0", START + 400);
  expect(dispute.heardAt).toBe(START + 400);
});
