import { describe, expect, it } from "vitest";
import { type Ip, parseIp } from "#lib/address/ip.ts";
import { MAX_SET_ASIDE, SetAsideAddresses } from "./set-aside.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const IP = parseIp("192.0.2.10");
const OTHER = parseIp("2001:db8::10");

function ipOf(index: number): Ip {
  return { family: "IPv4", value: BigInt(index) };
}

/** 192.0.2.10 is set aside at the time 0. */
function began(): SetAsideAddresses {
  const setAside = new SetAsideAddresses(10 * MINUTE_MS);
  setAside.add(IP, 0);
  return setAside;
}

describe("an address that is set aside", () => {
  it("is so until its time is over, which is told once", () => {
    const setAside = began();
    expect(setAside.takeEnded(10 * MINUTE_MS - 1)).toEqual([]);
    expect([...setAside.activeIps()]).toEqual([IP]);
    expect(setAside.nextEndMs).toBe(10 * MINUTE_MS);

    expect(setAside.takeEnded(10 * MINUTE_MS)).toEqual([IP]);
    expect([...setAside.activeIps()]).toEqual([]);
    expect(setAside.takeEnded(11 * MINUTE_MS)).toEqual([]);
    expect(setAside.nextEndMs).toBeUndefined();
  });

  it("stays so for no longer when it is found in use meanwhile", () => {
    const setAside = began();
    expect(setAside.add(IP, 9 * MINUTE_MS).untilMs).toBe(10 * MINUTE_MS);
    expect(setAside.count).toBe(1);
  });

  it("takes twice as long each time that it is found in use again, and a day at most", () => {
    const setAside = began();
    const minutes: number[] = [];
    for (let count = 0; count < 10; count += 1) {
      const { untilMs = 0 } = setAside.get(IP) ?? {};
      minutes.push(setAside.add(IP, untilMs).holdMs / MINUTE_MS);
    }
    expect(minutes).toEqual([20, 40, 80, 160, 320, 640, 1280, 1440, 1440, 1440]);
  });

  it("takes as long as at first when it was free for a day", () => {
    const setAside = began();
    expect(setAside.add(IP, 10 * MINUTE_MS + DAY_MS - 1).holdMs).toBe(20 * MINUTE_MS);
    expect(setAside.add(IP, 30 * MINUTE_MS + 2 * DAY_MS).holdMs).toBe(10 * MINUTE_MS);
  });

  it("is one of its family", () => {
    const setAside = began();
    setAside.add(OTHER, MINUTE_MS);
    expect(setAside.active).toEqual({
      IPv4: new Set([IP.value]),
      IPv6: new Set([OTHER.value]),
    });
    expect(setAside.takeEnded(10 * MINUTE_MS)).toEqual([IP]);
    expect(setAside.nextEndMs).toBe(11 * MINUTE_MS);
  });
});

describe("the memory of what was set aside", () => {
  it("makes the next life go on where this one ended", () => {
    const after = new SetAsideAddresses(HOUR_MS);
    after.restore(began(), MINUTE_MS);
    expect([...after]).toEqual([...began()]);
    expect(after.count).toBe(0);
    expect(after.takeEnded(10 * MINUTE_MS)).toEqual([IP]);
    expect(after.add(IP, 10 * MINUTE_MS).holdMs).toBe(20 * MINUTE_MS);
  });

  it("sets nothing aside for longer than it takes, whatever the clock was", () => {
    const after = new SetAsideAddresses(HOUR_MS);
    after.restore([{ ip: IP, untilMs: 1000 * DAY_MS, holdMs: MINUTE_MS }], 0);
    expect(after.takeEnded(MINUTE_MS)).toEqual([IP]);
  });

  it("lasts for a day", () => {
    const setAside = began();
    setAside.add(OTHER, 10 * MINUTE_MS + DAY_MS);
    expect(setAside.get(IP)).toBeUndefined();
  });

  it("is bounded: that which ends first is forgotten, and may be given again", () => {
    const setAside = new SetAsideAddresses(10 * MINUTE_MS);
    for (let index = 0; index <= MAX_SET_ASIDE; index += 1) {
      setAside.add(ipOf(index), index);
    }
    expect([...setAside]).toHaveLength(MAX_SET_ASIDE);
    expect(setAside.takeEnded(MAX_SET_ASIDE)).toEqual([ipOf(0)]);
    expect(setAside.active.IPv4.has(1n)).toBe(true);
  });

  it("is not lost at once when all others last longer", () => {
    const setAside = new SetAsideAddresses(MINUTE_MS);
    const others = Array.from({ length: MAX_SET_ASIDE }, (_, index) => {
      return { ip: ipOf(index), untilMs: HOUR_MS, holdMs: HOUR_MS };
    });
    setAside.restore(others, 0);
    setAside.add(IP, 0);
    expect([...setAside]).toHaveLength(MAX_SET_ASIDE);
    expect(setAside.get(IP)).toMatchObject({ untilMs: MINUTE_MS });
  });
});
