import { beforeEach, expect, test } from "vitest";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";
import type { Member } from "#lib/membership/member.ts";
import { MemberState } from "#lib/membership/member-record.ts";
import { INFO, memberAmong, newMember, record } from "#lib/membership/testing/member-among.ts";
import { MemberReport } from "./member-report.ts";

const N2_MAC = "02:00:00:00:00:12";

let now: number;

beforeEach(() => {
  now = 0;
});

function reportOf(member: Member, log = new RecordingLog()): MemberReport {
  return new MemberReport(member, { nodeName: "n1", port: 7946, log, clock: () => now });
}

test("shows this node, the members, who watches over whom, and who owns what", () => {
  const member = memberAmong("n1", [
    record("n2", { info: { ...INFO, macs: [N2_MAC] } }),
    record("n3", { state: MemberState.dead }),
  ]);
  member.table.putClaim({ group: "192.0.2.10", epoch: 7, owner: "n2" });
  member.table.putClaim({ group: "192.0.2.11", epoch: 2, owner: "n2" });
  const heartbeat = { incarnation: 1, isDeaf: false, hearsYou: true, hash: member.table.hash };
  member.receive("n2", { kind: "heartbeat", ...heartbeat }, 0);
  const report = reportOf(member);
  const from = undefined;
  report.log.changed({ node: "n2", from, to: MemberState.alive, because: "n2 is alive" });
  report.log.settled(true, "n2 confirms what it knows");
  now = 40;
  expect(report.view).toEqual({
    node: "n1",
    standing: "settled",
    because: "n2 confirms what it knows",
    watches: expect.arrayContaining(["n2"]),
    watchedBy: ["n2"],
    members: [
      { name: "n1", state: "alive", isDraining: false, macs: [] },
      {
        name: "n2",
        state: "alive",
        forMs: 40,
        heardMsAgo: 40,
        hearsThis: true,
        isDraining: false,
        macs: [N2_MAC],
      },
      { name: "n3", state: "dead", isDraining: false, macs: [] },
    ],
    owned: { n2: { "192.0.2.10": 7, "192.0.2.11": 2 } },
    leftOut: { members: 0, groups: 0 },
  });
});

test("shows what a node owns whose name every object knows", () => {
  const member = memberAmong("n1", [record("constructor")]);
  member.table.putClaim({ group: "192.0.2.10", epoch: 7, owner: "constructor" });
  const { owned } = reportOf(member).view;
  expect(Object.entries(owned)).toEqual([["constructor", { "192.0.2.10": 7 }]]);
  expect(Object.keys(Object)).toEqual([]);
});

test("says who does not hear this node, until it does", () => {
  const member = memberAmong("n1", [record("n2")]);
  member.receive(
    "n2",
    { kind: "heartbeat", incarnation: 1, isDeaf: false, hearsYou: false, hash: 0 },
    0,
  );
  const report = reportOf(member);
  const hears = () => report.view.members.find(({ name }) => name === "n2")?.hearsThis;
  report.log.changed({ node: "n2", from: undefined, to: MemberState.alive, because: "it lives" });
  report.log.hearing("n2", false);
  expect(hears()).toBe(false);
  report.log.hearing("n2", true);
  expect(hears()).toBe(true);
});

test("tells the log once of a speaker that is silent for five seconds while its node is up, and again when it was heard", () => {
  const member = memberAmong("n1", [record("n2"), record("n3")]);
  const log = new RecordingLog();
  const report = reportOf(member, log);
  const become = (node: string, state: MemberState) => {
    member.table.putMember(record(node, { state }));
    report.log.changed({ node, from: undefined, to: state, because: "it is so" });
  };
  const warnings = () => log.lines.filter(({ level }) => level === "warn");
  become("n2", MemberState.speakerDown);
  become("n3", MemberState.dead);
  now = 4_999;
  report.tick();
  expect(warnings()).toEqual([]);
  for (now = 5_000; now < 60_000; now += 500) {
    report.tick();
  }
  expect(warnings()).toEqual([
    {
      level: "warn",
      message: expect.stringContaining("let UDP through between the two, both ways"),
      fields: { node: "n2", thisNode: "n1", port: 7946 },
    },
  ]);
  become("n2", MemberState.alive);
  become("n2", MemberState.speakerDown);
  now += 5_000;
  report.tick();
  expect(warnings()).toHaveLength(2);
});

test("says that this node asks before it answers", () => {
  expect(reportOf(newMember("n1", ["n1", "n2"])).view.standing).toBe("asking");
});

test("shows as much as a small answer holds, and how much that leaves out", () => {
  const names = Array.from({ length: 1_200 }, (_, index) => `n${index}`);
  const member = newMember("n1", names);
  for (let index = 0; index < 10_003; index++) {
    member.table.putClaim({ group: `10.0.${index >> 8}.${index & 255}`, epoch: 1, owner: "n1" });
  }
  const { leftOut, members, owned } = reportOf(member).view;
  expect(leftOut).toEqual({ members: 200, groups: 3 });
  expect([members.length, Object.keys(owned["n1"] ?? {}).length]).toEqual([1_000, 10_000]);
});

test("counts the nodes in each state, and the silences on which it voted", () => {
  const member = memberAmong("n1", [record("n2"), record("n3", { state: MemberState.dead })]);
  const report = reportOf(member);
  expect(report.counted).toMatchObject({ states: { alive: 2, dead: 1 }, suspicions: 0 });
  for (now = 0; now < 600; now += 50) {
    member.tick(now);
  }
  expect(report.counted).toMatchObject({ states: { alive: 1, dead: 2 }, suspicions: 1 });
});
