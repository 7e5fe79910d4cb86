import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Stance } from "./heard-address.ts";
import { Pace } from "./pace.ts";
import { type Effect, Tenures } from "./tenures.ts";

const START = 1_000;
const SECOND = 1_000;
const IP = "192.0.2.10";
const MAC = "02:42:ac:11:00:07";
const OTHER_MAC = "02:42:ac:11:00:08";

/** An effect, and when it came, milliseconds since the start. */
type Timed = readonly [number, string];

function wordOf(effect: Effect): string {
  if (effect.kind === "stance") {
    return Object.entries(Stance).find(([, stance]) => stance === effect.stance)?.[0] ?? "";
  }
  if (effect.kind === "conflict") {
    const { mac, link, when } = effect.conflict;
    return `tell ${when}: ${mac} on ${link}`;
  }
  return effect.kind === "defend" ? `defend on ${effect.link}` : effect.kind;
}

/** One address, with the clock in the hand. */
class Subject {
  readonly tenures = new Tenures(new Pace(5_000));
  #now = START;

  begin(how: "known" | "new" | "contested"): readonly Timed[] {
    const begun = this.#timed(this.tenures.begin(IP, how, this.#now));
    return [...begun, ...this.passTo(this.#now - START)];
  }

  /** Lets the time pass, and does what is due at the instants that were named. */
  passTo(ms: number): readonly Timed[] {
    const effects: Timed[] = [];
    let next = this.tenures.nextDeadline;
    while (next !== undefined && next <= START + ms) {
      this.#now = Math.max(this.#now, next);
      effects.push(...this.#timed(this.tenures.tick(this.#now)));
      next = this.tenures.nextDeadline;
    }
    this.#now = START + ms;
    return effects;
  }

  /** Nobody was looking until that instant. */
  wakeAt(ms: number): readonly Timed[] {
    this.#now = START + ms;
    return this.#timed(this.tenures.tick(this.#now));
  }

  /** @param ms when */
  claim(ms: number, mac = MAC, link = "eth0"): readonly Timed[] {
    const before = this.passTo(ms);
    return [...before, ...this.#timed(this.tenures.heard(IP, mac, link, this.#now))];
  }

  #timed(effects: readonly Effect[]): readonly Timed[] {
    return effects.map((effect) => [this.#now - START, wordOf(effect)]);
  }
}

describe("begin", () => {
  test("known: announced", () => {
    const subject = new Subject();
    expect(subject.begin("known")).toEqual([[0, "own"]]);
    expect(subject.tenures.stanceOf(IP)).toBe(Stance.own);
    expect(subject.tenures.nextDeadline).toBeUndefined();
  });

  test("new: tentative, and asked for at once", () => {
    const subject = new Subject();
    expect(subject.begin("new")).toEqual([
      [0, "tentative"],
      [0, "probe"],
    ]);
    expect(subject.tenures.stanceOf(IP)).toBe(Stance.tentative);
  });

  test("contested: silent, and asked for at once", () => {
    const subject = new Subject();
    expect(subject.begin("contested")).toEqual([
      [0, "listen"],
      [0, "probe"],
    ]);
    expect(subject.tenures.stanceOf(IP)).toBe(Stance.listen);
  });

  test("changes nothing about an address that is held", () => {
    const subject = new Subject();
    subject.begin("contested");
    expect(subject.begin("known")).toEqual([]);
    expect(subject.tenures.stanceOf(IP)).toBe(Stance.listen);
  });
});

describe("tentative", () => {
  test("is announced after three probes and 200 ms when nobody objects", () => {
    const subject = new Subject();
    subject.begin("new");
    expect(subject.passTo(60 * SECOND)).toEqual([
      [75, "probe"],
      [150, "probe"],
      [200, "own"],
    ]);
    expect(subject.tenures.nextDeadline).toBeUndefined();
  });

  test("leaves time for objections to each probe also when the thread was held up", () => {
    const subject = new Subject();
    subject.begin("new");
    expect(subject.wakeAt(500)).toEqual([[500, "probe"]]);
    expect(subject.passTo(SECOND)).toEqual([
      [575, "probe"],
      [625, "own"],
    ]);
  });

  test("waits for probes that can go out: silence on a dead cable says nothing", () => {
    const subject = new Subject();
    subject.begin("new");
    for (let ms = 0; ms < 400; ms += 75) {
      subject.tenures.notProbed(IP, START + ms);
      expect(subject.passTo(ms + 75).map(([, word]) => word)).toEqual(["probe"]);
    }
    expect(subject.passTo(SECOND).map(([, word]) => word)).toEqual(["probe", "probe", "own"]);
  });

  test("waits while it is being found out whose a claim is", () => {
    const subject = new Subject();
    subject.begin("new");
    expect(subject.passTo(160).map(([, word]) => word)).toEqual(["probe", "probe"]);
    subject.tenures.suspend(IP, START + 900);
    expect(subject.passTo(60 * SECOND)).toEqual([[950, "own"]]);
  });

  test("is contested when a foreign host claims it: silent, and told", () => {
    const subject = new Subject();
    subject.begin("new");
    expect(subject.claim(80)).toEqual([
      [75, "probe"],
      [80, "listen"],
      [80, `tell first-use: ${MAC} on eth0`],
    ]);
    expect(subject.tenures.stanceOf(IP)).toBe(Stance.listen);
    expect(subject.passTo(2_079)).toEqual([]);
  });

  test("ends without a word when the address is given up", () => {
    const subject = new Subject();
    subject.begin("new");
    subject.tenures.end(IP);
    expect(subject.tenures.stanceOf(IP)).toBeUndefined();
    expect(subject.tenures.nextDeadline).toBeUndefined();
    expect(subject.claim(80)).toEqual([]);
  });
});

describe("contested", () => {
  test("is asked for every 2 s, and announced when nobody foreign was heard for 10 s", () => {
    const subject = new Subject();
    subject.begin("contested");
    expect(subject.passTo(60 * SECOND)).toEqual([
      [2_000, "probe"],
      [4_000, "probe"],
      [6_000, "probe"],
      [8_000, "probe"],
      [10_000, "own"],
      [10_000, "conflict-over"],
    ]);
    expect(subject.tenures.nextDeadline).toBeUndefined();
  });

  test("is asked for once only when the thread was held up", () => {
    const subject = new Subject();
    subject.begin("contested");
    expect(subject.wakeAt(5_000)).toEqual([[5_000, "probe"]]);
    expect(subject.passTo(7_000)).toEqual([[7_000, "probe"]]);
  });

  test("stays silent for as long as the foreign host answers, and tells of it once", () => {
    const subject = new Subject();
    subject.begin("contested");
    const words: string[] = [];
    for (let ms = 1; ms < 60 * SECOND; ms += 2 * SECOND) {
      words.push(...subject.claim(ms).map(([, word]) => word));
    }
    expect(new Set(words)).toEqual(new Set([`tell first-use: ${MAC} on eth0`, "probe"]));
    expect(words.filter((word) => word.startsWith("tell"))).toHaveLength(1);
    const last = subject.passTo(120 * SECOND).filter(([, word]) => word !== "probe");
    expect(last.map(([at]) => at)).toEqual([68_001, 68_001]);
  });

  test("tells of another foreign host, within a second", () => {
    const subject = new Subject();
    subject.begin("contested");
    subject.claim(100);
    expect(subject.claim(200, OTHER_MAC, "eth1")).toEqual([]);
    expect(subject.passTo(1_500)).toEqual([[1_100, `tell first-use: ${OTHER_MAC} on eth1`]]);
  });
});

test("contested, it stays so while no probe can go out", () => {
  const subject = new Subject();
  subject.begin("contested");
  subject.passTo(9 * SECOND);
  subject.tenures.notProbed(IP, START + 9 * SECOND);
  expect(subject.passTo(18 * SECOND).map(([, word]) => word)).not.toContain("own");
  expect(subject.passTo(20 * SECOND).map(([, word]) => word)).toContain("own");
});

describe("announced", () => {
  test("is contested when another node found out that a foreign host had it first", () => {
    const subject = new Subject();
    subject.begin("known");
    expect(subject.tenures.contest(IP, START)).toEqual([
      { kind: "stance", ip: IP, stance: Stance.listen },
    ]);
    expect(subject.tenures.contest(IP, START)).toEqual([]);
  });

  test("is disputed when a foreign host claims it: defended, told, and answered on", () => {
    const subject = new Subject();
    subject.begin("known");
    expect(subject.claim(5_000)).toEqual([
      [5_000, "defend on eth0"],
      [5_000, `tell in-use: ${MAC} on eth0`],
    ]);
    expect(subject.tenures.stanceOf(IP)).toBe(Stance.own);
  });
});

describe("disputed", () => {
  function disputed(): Subject {
    const subject = new Subject();
    subject.begin("known");
    subject.claim(0);
    return subject;
  }

  test("is defended once in 10 s on each link", () => {
    const subject = disputed();
    const defences: Timed[] = [];
    for (let ms = 100; ms <= 21_000; ms += 100) {
      defences.push(...subject.claim(ms, MAC, "eth0"), ...subject.claim(ms, MAC, "eth1"));
    }
    expect(defences).toEqual([
      [100, "defend on eth1"],
      [10_000, "defend on eth0"],
      [10_100, "defend on eth1"],
      [20_000, "defend on eth0"],
      [20_100, "defend on eth1"],
    ]);
  });

  test("tells of another foreign host, within a second", () => {
    const subject = disputed();
    expect(subject.claim(400, OTHER_MAC)).toEqual([]);
    expect(subject.passTo(2_000)).toEqual([[1_000, `tell in-use: ${OTHER_MAC} on eth0`]]);
  });

  test("is announced as before when nobody foreign was heard for 60 s", () => {
    const subject = disputed();
    subject.claim(50_000);
    expect(subject.passTo(300 * SECOND)).toEqual([[110_000, "conflict-over"]]);
    expect(subject.tenures.nextDeadline).toBeUndefined();
    expect(subject.claim(300 * SECOND)).toEqual([
      [300_000, "defend on eth0"],
      [300_000, `tell in-use: ${MAC} on eth0`],
    ]);
  });

  test("ends without a word when the address is given up", () => {
    const subject = disputed();
    subject.tenures.end(IP);
    expect(subject.passTo(120 * SECOND)).toEqual([]);
  });
});

test("an address that is not held is nobody's business", () => {
  const subject = new Subject();
  expect(subject.claim(0)).toEqual([]);
  expect(subject.tenures.stanceOf(IP)).toBeUndefined();
});

describe("ten thousand addresses that begin at once", () => {
  const ips = Array.from({ length: 10_000 }, (_, i) => `198.51.${100 + (i >> 8)}.${i & 0xff}`);

  function probesBySecond(tenures: Tenures, seconds: number): readonly number[] {
    return Array.from({ length: seconds }, (_, second) => {
      let probes = 0;
      for (let now = START + second * SECOND; now < START + (second + 1) * SECOND; now += 5) {
        probes += tenures.tick(now).filter(({ kind }) => kind === "probe").length;
      }
      return probes;
    });
  }

  test("are answered at once, and asked for by 5,000 probes a second", () => {
    const tenures = new Tenures(new Pace(5_000));
    for (const ip of ips) {
      tenures.begin(ip, "new", START);
    }
    expect(ips.every((ip) => tenures.stanceOf(ip) === Stance.tentative)).toBe(true);
    const probes = probesBySecond(tenures, 8);
    expect(Math.max(...probes)).toBeLessThanOrEqual(5_060);
    expect(probes.reduce((sum, count) => sum + count)).toBe(30_000);
    expect(ips.every((ip) => tenures.stanceOf(ip) === Stance.own)).toBe(true);
  });

  test("and are contested, are asked for by 5,000 probes a second too", () => {
    const tenures = new Tenures(new Pace(5_000));
    for (const ip of ips) {
      tenures.begin(ip, "contested", START);
    }
    expect(Math.max(...probesBySecond(tenures, 8))).toBeLessThanOrEqual(5_060);
  });
});

test("whatever happens, the stance is the one that was returned last, and neither main nor the link is flooded", () => {
  const event = fc.record({
    afterMs: fc.constantFrom(0, 10, 60, 100, 900, 2_000, 9_990, 10_000, 60_000),
    what: fc.constantFrom("new", "known", "contested", "end", "claim", "claim", "claim", "pass"),
    mac: fc.constantFrom(MAC, OTHER_MAC, "02:42:ac:11:00:09"),
    link: fc.constantFrom("eth0", "eth1"),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const subject = new Subject();
      let heldSince = 0;
      let effects: Timed[] = [];
      let ms = 0;
      for (const { afterMs, what, mac, link } of events) {
        ms += afterMs;
        effects.push(...subject.passTo(ms));
        if (what === "claim") {
          effects.push(...subject.claim(ms, mac, link));
        } else if (what === "end") {
          subject.tenures.end(IP);
          effects = [];
          heldSince = ms;
        } else if (what !== "pass") {
          effects.push(...subject.begin(what));
        }
        const [, stance] = effects.findLast(([, word]) => word in Stance) ?? [];
        expect(subject.tenures.stanceOf(IP)).toBe(
          stance === undefined ? undefined : Stance[stance as keyof typeof Stance],
        );
      }
      const seconds = (ms - heldSince) / SECOND;
      const count = (start: string): number =>
        effects.filter(([, word]) => word.startsWith(start)).length;
      expect(count("tell")).toBeLessThanOrEqual(1 + seconds);
      expect(count("defend on eth0")).toBeLessThanOrEqual(1 + seconds / 10);
    }),
  );
});
