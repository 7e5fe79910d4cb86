import { describe, expect, it } from "vitest";
import { MemberState } from "./member-record.ts";
import { Finding } from "./message.ts";
import { profileOf } from "./profile.ts";
import { type Judgement, type Surroundings, Watch } from "./watch.ts";

const { alive, dead, speakerDown, restarting } = MemberState;

const AMONG_OTHERS: Surroundings = { state: alive, quorum: 2, isUnwell: false, isCutOff: false };

/** Watches a member that beat every 100 ms until 0 and whose kernel answered a probe then. */
function watchOfKnown(): Watch {
  const watch = new Watch(profileOf("balanced"), -300);
  watch.judge(-300, AMONG_OTHERS);
  for (const at of [-300, -200, -100, 0]) {
    watch.heard(at);
  }
  watch.answered(-300);
  return watch;
}

interface Course {
  readonly until: number;
  readonly surroundings?: Partial<Surroundings>;
  /** The kernel answers each probe a millisecond later. */
  readonly kernelAnswers?: boolean;
  /** Finding of another observer, repeated every 50 ms. */
  readonly theirs?: Finding;
}

interface Done {
  readonly at: number;
  readonly judgement: Judgement;
}

/** What a watch does while its member is silent, at its deadlines. */
function course(
  watch: Watch,
  { until, surroundings, kernelAnswers, theirs }: Course,
): readonly Done[] {
  const done: Done[] = [];
  const around = { ...AMONG_OTHERS, ...surroundings };
  for (let now = 1; now <= until; now++) {
    if (theirs !== undefined && now % 50 === 0) {
      watch.voted("n3", theirs, now);
    }
    if (now >= watch.nextDeadline(now, around.state)) {
      const judgement = watch.judge(now, around);
      done.push({ at: now, judgement });
      if (judgement.probe && kernelAnswers === true) {
        watch.answered(now);
      }
    }
  }
  return done;
}

function first(done: readonly Done[], is: (judgement: Judgement) => boolean): number | undefined {
  return done.find(({ judgement }) => is(judgement))?.at;
}

const votes = (finding: Finding) => (judgement: Judgement) => judgement.vote === finding;
const concludes = (verdict: Judgement["verdict"]) => (judgement: Judgement) =>
  judgement.verdict === verdict;

describe("Watch", () => {
  it("does nothing about a member that beats, but to probe its kernel now and then", () => {
    const watch = watchOfKnown();
    const probed: number[] = [];
    for (let now = 0; now < 130_000; now += 100) {
      watch.heard(now);
      const { probe, verdict, vote } = watch.judge(now, AMONG_OTHERS);
      expect([vote, verdict]).toEqual([undefined, undefined]);
      if (probe) {
        probed.push(now);
        watch.answered(now);
      }
    }
    expect(probed).toEqual([700, 60_700, 120_700]);
  });

  it("probes the kernel every second until it has answered once", () => {
    const watch = new Watch(profileOf("balanced"), 0);
    const probed: number[] = [];
    for (let now = 0; now < 3_000; now += 100) {
      watch.heard(now);
      if (watch.judge(now, AMONG_OTHERS).probe) {
        probed.push(now);
      }
    }
    expect(probed).toEqual([0, 1_000, 2_000]);
  });

  it("probes the kernel every 50 ms after 150 ms of silence", () => {
    const done = course(watchOfKnown(), { until: 300 });
    expect(done.filter(({ judgement }) => judgement.probe).map(({ at }) => at)).toEqual([
      150, 200, 250, 300,
    ]);
  });

  // each row of the table at the head of watch.ts
  it.each([
    {
      row: "alive, 325 ms, kernel answers",
      kernelAnswers: true,
      finding: Finding.speakerDown,
      at: 325,
    },
    { row: "alive, 325 ms, no answer", finding: Finding.down, at: 325 },
    {
      row: "alive, nobody can second",
      surroundings: { quorum: 1 },
      finding: Finding.down,
      at: 500,
    },
    {
      row: "alive, nobody can second, kernel answers",
      surroundings: { quorum: 1 },
      kernelAnswers: true,
      finding: Finding.speakerDown,
      at: 500,
    },
    {
      row: "alive, most members silent",
      surroundings: { isUnwell: true },
      finding: Finding.down,
      at: 700,
    },
    {
      row: "restarting, no answer",
      surroundings: { state: restarting },
      finding: Finding.down,
      at: 350,
    },
    {
      row: "speakerDown, no answer",
      surroundings: { state: speakerDown },
      finding: Finding.down,
      at: 350,
    },
    {
      row: "speakerDown, no answer, nobody can second",
      surroundings: { state: speakerDown, quorum: 1 },
      finding: Finding.down,
      at: 500,
    },
  ])("votes at $at ms: $row", ({ at, finding, row: _, ...rest }) => {
    const done = course(watchOfKnown(), { until: 1_000, ...rest });
    expect(first(done, ({ vote }) => vote !== undefined)).toBe(at);
    expect(first(done, votes(finding))).toBe(at);
  });

  it.each([
    { row: "down, seconded", theirs: Finding.down, verdict: dead, at: 325 },
    {
      row: "kernel answers, seconded",
      theirs: Finding.speakerDown,
      kernelAnswers: true,
      verdict: speakerDown,
      at: 325,
    },
    {
      row: "kernel answers here, but not there",
      theirs: Finding.down,
      kernelAnswers: true,
      verdict: speakerDown,
      at: 325,
    },
    { row: "alone", surroundings: { quorum: 1 }, verdict: dead, at: 500 },
    { row: "nobody seconds it or objects", surroundings: {}, verdict: dead, at: 700 },
    {
      row: "its kernel dies after its speaker, and nobody seconds it or objects",
      surroundings: { state: speakerDown },
      verdict: dead,
      at: 700,
    },
    {
      row: "its kernel dies after its speaker",
      surroundings: { state: speakerDown },
      theirs: Finding.down,
      verdict: dead,
      at: 350,
    },
  ])("concludes at $at ms: $row", ({ at, row: _, verdict, ...rest }) => {
    const done = course(watchOfKnown(), { until: 1_000, ...rest });
    expect(first(done, concludes(verdict))).toBe(at);
    expect(first(done, (judgement) => judgement.verdict !== undefined)).toBe(at);
  });

  it.each([
    { row: "another got an answer of the kernel", surroundings: {}, theirs: Finding.speakerDown },
    {
      row: "its kernel answers and its speaker is known to be down",
      surroundings: { state: speakerDown },
      kernelAnswers: true,
      theirs: Finding.down,
    },
    {
      row: "this observer hears nothing at all",
      surroundings: { isUnwell: true, isCutOff: true },
    },
    { row: "it is dead already", surroundings: { state: dead }, theirs: Finding.down },
  ])("concludes nothing: $row", ({ row: _, ...rest }) => {
    const done = course(watchOfKnown(), { until: 1_000, ...rest });
    expect(first(done, ({ verdict }) => verdict !== undefined)).toBeUndefined();
  });

  it("repeats its vote every 50 ms, and never probes the dead", () => {
    const done = course(watchOfKnown(), { until: 500 });
    const voted = done.filter(({ judgement }) => judgement.vote !== undefined);
    expect(voted.map(({ at }) => at)).toEqual([325, 375, 425, 475]);
    expect(watchOfKnown().nextDeadline(1_000, dead)).toBe(Number.POSITIVE_INFINITY);
  });

  it("waits 500 ms for a member whose heartbeats it has hardly heard", () => {
    const watch = new Watch(profileOf("balanced"), 0);
    watch.answered(0);
    watch.heard(0);
    expect(first(course(watch, { until: 1_000 }), votes(Finding.down))).toBe(500);
  });

  it("waits 500 ms for a member whose kernel has never answered", () => {
    const watch = new Watch(profileOf("balanced"), 0);
    for (let count = 0; count < 3; count++) {
      watch.heard(0);
    }
    expect(first(course(watch, { until: 1_000 }), votes(Finding.down))).toBe(500);
  });

  it.each([
    { said: "that it restarts", state: restarting, at: 30_000 },
    { said: "nothing", state: speakerDown, at: 350 },
  ])(
    "waits until $at ms for a member that said $said and whose kernel has never answered",
    ({ at, state }) => {
      const watch = new Watch(profileOf("balanced"), 0);
      watch.heard(0);
      const done = course(watch, { until: 31_000, surroundings: { state } });
      expect(first(done, votes(Finding.down))).toBe(at);
    },
  );

  it.each([
    { what: "nobody can second", quorum: 1, lost: [350, 400, 450, 500] },
    { what: "another can", quorum: 2, lost: [300] },
  ])(
    "takes its kernel for alive though later probes were lost, where $what",
    ({ lost, quorum }) => {
      const watch = watchOfKnown();
      const findings = new Set<Finding>();
      for (let now = 1; now <= 500; now++) {
        if (now >= watch.nextDeadline(now, alive)) {
          const { probe, vote } = watch.judge(now, { ...AMONG_OTHERS, quorum });
          if (probe && now < 320 && !lost.includes(now)) {
            watch.answered(now);
          }
          if (vote !== undefined) {
            findings.add(vote);
          }
        }
      }
      expect([...findings]).toEqual([Finding.speakerDown]);
    },
  );

  it("takes no answer from before the silence for one", () => {
    const watch = watchOfKnown();
    watch.answered(10);
    expect(first(course(watch, { until: 400 }), votes(Finding.speakerDown))).toBeUndefined();
  });

  it.each([
    { what: "a heartbeat", act: (watch: Watch) => watch.heard(324) },
    { what: "the word of another that it lives", act: (watch: Watch) => watch.objected(324) },
    { what: "a new incarnation", act: (watch: Watch) => watch.reborn(324) },
  ])("has all votes void at $what", ({ act }) => {
    const watch = watchOfKnown();
    watch.voted("n3", Finding.down, 320);
    act(watch);
    expect(watch.judge(335, AMONG_OTHERS)).toEqual({
      probe: false,
      vote: undefined,
      verdict: undefined,
    });
    const later = watch.judge(324 + 325, AMONG_OTHERS);
    expect([later.vote, later.verdict]).toEqual([Finding.down, undefined]);
  });

  it("counts a vote for 200 ms after it came last", () => {
    const watch = watchOfKnown();
    watch.voted("n3", Finding.down, 125);
    expect(watch.judge(325, AMONG_OTHERS).verdict).toBeUndefined();
    watch.voted("n3", Finding.down, 201);
    expect(watch.judge(400, AMONG_OTHERS).verdict).toBe(dead);
  });
});
