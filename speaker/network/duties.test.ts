import { beforeEach, describe, expect, test } from "vitest";
import type { Role } from "#lib/election/role.ts";
import type { Mac } from "#lib/wire/mac.ts";
import { Duties, type DutyLink } from "./duties.ts";
import { Stance } from "./heard-address.ts";
import type { Row } from "./messages.ts";
import { Ownership } from "./ownership.ts";
import { Pace } from "./pace.ts";
import { FakeSeat } from "./testing/fake-seat.ts";

const IP = "192.0.2.10";
const OWNER_MAC = "02:00:00:00:00:12";
const OTHER_MAC = "02:00:00:00:01:12";
const FOREIGN_MAC = "02:42:ac:11:00:07";
const OWN: Role = { kind: "own" };
const LISTEN: Role = { kind: "listen" };
const VOICE: Role = { kind: "voice", of: "n2" };
const ROW: Row = { service: "default/web", ips: [IP], order: ["n1", "n2"] };

class FakeLink implements DutyLink {
  readonly index: number;
  readonly name: string;
  readonly stances = new Map<string, Stance>();
  readonly voices = new Map<string, Mac | undefined>();
  readonly done: string[] = [];
  hasCarrier = true;

  constructor(index: number, name: string) {
    this.index = index;
    this.name = name;
  }

  set(ip: string, stance: Stance | undefined, voice?: Mac): void {
    this.voices.set(ip, voice);
    if (stance === Stance.own && this.stances.get(ip) !== Stance.own) {
      this.done.push(`own ${ip}`);
    }
    if (stance === undefined) {
      this.stances.delete(ip);
    } else {
      this.stances.set(ip, stance);
    }
  }

  defend(ip: string): boolean {
    this.done.push(`defend ${ip}`);
    return true;
  }

  probe(ip: string): boolean {
    this.done.push(`probe ${ip}`);
    return this.hasCarrier;
  }
}

let now: number;
let captured: string;
let told: string[];
/** The owner's, by name of the link. */
let macs: Map<string, Mac>;
let eth0: FakeLink;
let eth1: FakeLink;
let seat: FakeSeat;
let ownership: Ownership;
let duties: Duties;

beforeEach(() => {
  now = 0;
  captured = "";
  told = [];
  macs = new Map([["eth0", OWNER_MAC]]);
  eth0 = new FakeLink(2, "eth0");
  eth1 = new FakeLink(3, "eth1");
  seat = new FakeSeat();
  ownership = new Ownership("n1", seat, () => undefined);
  const note = (message: string) => told.push(message);
  duties = new Duties({
    ownership,
    log: { debug: note, info: note, warn: note, error: note },
    probePace: new Pace(0),
    clock: () => now,
    links: () => [eth0, eth1],
    isInSubnetOf: ({ name }) => name === "eth1",
    macOn: ({ name }) => macs.get(name),
    captured: () => new Set([captured]),
    conflict: ({ when, mac }) => told.push(`${when} ${mac}`),
    conflictOver: (ip) => told.push(`over ${ip}`),
  });
});

/** Takes a row, of which this node has that part. */
function put(row: Row, role: Role | undefined = OWN): void {
  ownership.put(row);
  setRole(role);
  duties.look(ownership.takeTouched());
}

function setRole(role: Role | undefined): void {
  const owner = role?.kind === "own" ? "n1" : "n2";
  seat.setOwner(IP, owner, role);
  ownership.roleChanged(IP);
  ownership.ownerChanged(IP, owner, { because: "it was so" });
}

const stances = () => [eth0, eth1].map((link) => link.stances.get(IP));

/** Lets the clock run, from deadline to deadline. */
function runFor(ms: number): void {
  const end = now + ms;
  for (let next = duties.nextDeadline ?? end; next <= end; next = duties.nextDeadline ?? end) {
    now = Math.max(now, next);
    duties.tick(now);
    if (duties.nextDeadline === undefined) {
      break;
    }
  }
  now = end;
}

describe("a link", () => {
  test("answers for what this node owns, hears of what it would own next, and knows nothing else", () => {
    put(ROW);
    expect(stances()).toEqual([Stance.own, Stance.own]);
    put(ROW, LISTEN);
    expect(stances()).toEqual([Stance.listen, Stance.listen]);
    setRole(undefined);
    duties.look(ownership.takeTouched());
    expect(stances()).toEqual([undefined, undefined]);
  });

  test("answers where the row allows it", () => {
    put({ ...ROW, links: ["eth1"] });
    expect(stances()).toEqual([undefined, Stance.own]);
    put({ ...ROW, links: ["eth0"] });
    expect(stances()).toEqual([Stance.own, undefined]);
  });

  test("answers in its own subnets alone when the row wants that", () => {
    put({ ...ROW, onSubnetOnly: true });
    expect(stances()).toEqual([undefined, Stance.own]);
  });

  test("answers with the owner's MAC address for an owner that cannot, where that is known", () => {
    put(ROW, VOICE);
    expect(stances()).toEqual([Stance.voice, Stance.listen]);
    expect(eth0.voices.get(IP)).toBe(OWNER_MAC);
    put(ROW);
    expect(stances()).toEqual([Stance.own, Stance.own]);
    expect(eth0.voices.get(IP)).toBeUndefined();
  });

  test("lends its voice as soon as the owner's MAC address is known", () => {
    put(ROW, VOICE);
    macs.set("eth1", OTHER_MAC);
    duties.lookAtVoiceless();
    expect(stances()).toEqual([Stance.voice, Stance.voice]);
    expect([eth0, eth1].map((link) => link.voices.get(IP))).toEqual([OWNER_MAC, OTHER_MAC]);
  });

  test("lends no voice where another host uses the address", () => {
    put({ ...ROW, contested: [IP] }, VOICE);
    expect(stances()).toEqual([Stance.listen, Stance.listen]);
  });

  test("takes up all duties when it comes later", () => {
    put(ROW);
    const late = new FakeLink(4, "eth2");
    duties.lookAtLink(late);
    expect(late.stances.get(IP)).toBe(Stance.own);
  });

  test("hears of an address whose frames somebody wants to see", () => {
    captured = "192.0.2.99";
    duties.look([captured]);
    expect(eth0.stances.get(captured)).toBe(Stance.watch);
    captured = "";
    duties.look(["192.0.2.99"]);
    expect(eth0.stances.get("192.0.2.99")).toBeUndefined();
  });
});

test("an address that was lost and is owned again at once is announced anew: another node may have been faster", () => {
  put(ROW);
  eth0.done.length = 0;
  setRole(LISTEN);
  setRole(OWN);
  duties.look(ownership.takeTouched());
  expect(stances()).toEqual([Stance.own, Stance.own]);
  expect(eth0.done).toEqual([`own ${IP}`]);
});

describe("an address that was just allocated", () => {
  const allocated: Row = { ...ROW, isNew: true };

  test("is asked for three times, answered meanwhile, and then owned", () => {
    put(allocated);
    expect(stances()).toEqual([Stance.tentative, Stance.tentative]);
    runFor(1_000);
    expect(eth0.done).toEqual([...Array(3).fill(`probe ${IP}`), `own ${IP}`]);
    expect(stances()).toEqual([Stance.own, Stance.own]);
  });

  test("is silent once another host objects, until that one is", () => {
    put(allocated);
    duties.claimed(IP, FOREIGN_MAC, "eth0");
    expect(stances()).toEqual([Stance.listen, Stance.listen]);
    expect(told).toEqual(["address conflict", `first-use ${FOREIGN_MAC}`]);
    runFor(11_000);
    expect(stances()).toEqual([Stance.own, Stance.own]);
    expect(told.slice(2)).toEqual(["address conflict over", `over ${IP}`]);
  });
});

test("an address that comes to be known as contested is silent, once for each time that it is said", () => {
  put(ROW);
  put({ ...ROW, contested: [IP] });
  expect(stances()).toEqual([Stance.listen, Stance.listen]);
  runFor(11_000);
  put({ ...ROW, contested: [IP], links: ["eth0"] });
  expect(stances()).toEqual([Stance.own, undefined]);
});

test("an address that was just allocated waits for a link that can ask", () => {
  eth0.hasCarrier = false;
  eth1.hasCarrier = false;
  put({ ...ROW, isNew: true });
  runFor(1_000);
  expect(stances()).toEqual([Stance.tentative, Stance.tentative]);
  eth1.hasCarrier = true;
  runFor(1_000);
  expect(stances()).toEqual([Stance.own, Stance.own]);
});

test("an address is asked for again when another one of its Service is contested", () => {
  put({ ...ROW, ips: [IP, "2001:db8::10"], contested: ["2001:db8::10"] });
  expect(stances()).toEqual([Stance.tentative, Stance.tentative]);
});

test("an address that is known to be contested is silent from the start, until the other host is", () => {
  put({ ...ROW, contested: [IP] });
  expect(stances()).toEqual([Stance.listen, Stance.listen]);
  runFor(11_000);
  put(ROW);
  expect(stances()).toEqual([Stance.own, Stance.own]);
});

test("an address in use is defended on the link where it is claimed, and answered on", () => {
  put(ROW);
  duties.claimed(IP, FOREIGN_MAC, "eth1");
  expect([eth0.done, eth1.done]).toEqual([[`own ${IP}`], [`own ${IP}`, `defend ${IP}`]]);
  expect(stances()).toEqual([Stance.own, Stance.own]);
  expect(told).toEqual(["address conflict", `in-use ${FOREIGN_MAC}`]);
});
