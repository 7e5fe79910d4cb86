import { beforeEach, expect, test } from "vitest";
import { keyId } from "#lib/wire/member-id.ts";
import { readHeader } from "#lib/wire/sealed-packet.ts";
import type { MemberChannel } from "./member-channel.ts";
import { sha256 } from "./packet-crypto.ts";
import { deliver, KEY, meet, NEW_KEY, say, start, verdict } from "./testing/member-channels.ts";

const NEWER_KEY = new Uint8Array(32).fill(0x77);
const DAY_MS = 86_400_000;

let now: number;
let n1: MemberChannel;
let n2: MemberChannel;
let n3: MemberChannel;

beforeEach(() => {
  now = 1_000;
  const clock = () => {
    now += 1_000;
    return now;
  };
  n1 = start("n1", { clock });
  n2 = start("n2", { clock });
  n3 = start("n3", { clock });
  meetAll();
});

function meetAll(): void {
  meet(n1, "n2", n2, "n1");
  meet(n1, "n3", n3, "n1");
  meet(n2, "n3", n3, "n2");
}

/** Which key the next packet is sealed with. */
function keyOf(from: MemberChannel, to: string): string {
  const header = readHeader(say(from, to));
  const id = typeof header === "string" ? undefined : header.keyId;
  const keys = Object.entries({ old: KEY, new: NEW_KEY, newer: NEWER_KEY });
  return keys.find(([, key]) => keyId(key, sha256) === id)?.[0] ?? "none";
}

/** Whether what one says to the other counts. */
function hears(to: MemberChannel, name: string, from: MemberChannel): string {
  return verdict(to.open(say(from, name)));
}

test("a new key is used with a member once that has told that it holds it", () => {
  n1.setKey(NEW_KEY);
  expect(keyOf(n1, "n2")).toBe("old");
  expect(hears(n2, "n2", n1)).toBe("counts");
  n2.setKey(NEW_KEY);
  expect(keyOf(n2, "n1")).toBe("new");
  expect(keyOf(n2, "n3")).toBe("old");
  expect(hears(n1, "n1", n2)).toBe("counts");
  expect(keyOf(n1, "n2")).toBe("new");
  expect(hears(n2, "n2", n1)).toBe("counts");
});

test("no packet is lost while the members get a new key one after the other", () => {
  const members = { n1, n2, n3 };
  for (const turn of [undefined, n1, n3, n2, undefined]) {
    turn?.setKey(NEW_KEY);
    for (const [from, sender] of Object.entries(members)) {
      for (const [to, receiver] of Object.entries(members)) {
        expect(from === to ? "counts" : hears(receiver, to, sender)).toBe("counts");
      }
    }
  }
  expect([keyOf(n1, "n2"), keyOf(n2, "n3"), keyOf(n3, "n1")]).toEqual(["new", "new", "new"]);
});

test("the former key does not open anything any more once all members have shown the new one", () => {
  for (const member of [n1, n2, n3]) {
    member.setKey(NEW_KEY);
  }
  const leaked = start("n2");
  expect(verdict(n1.open(say(leaked, "n1")))).toBe("not-fresh");
  meetAll();
  expect(verdict(n1.open(say(leaked, "n1")))).toBe("unknown-key");
});

test("one member that never gets the new key stays heard, by the former one, however long", () => {
  n1.setKey(NEW_KEY);
  n2.setKey(NEW_KEY);
  for (let day = 0; day < 30; day++) {
    now += DAY_MS;
    meetAll();
  }
  expect([keyOf(n1, "n2"), keyOf(n2, "n1")]).toEqual(["new", "new"]);
  expect([keyOf(n1, "n3"), keyOf(n3, "n1")]).toEqual(["old", "old"]);
  expect([hears(n3, "n3", n1), hears(n1, "n1", n3)]).toEqual(["counts", "counts"]);
});

test("the former key goes when the last member that lacks the new one leaves the list", () => {
  n1.setKey(NEW_KEY);
  n2.setKey(NEW_KEY);
  meetAll();
  const leaked = start("n2");
  n1.setMembers(["n1", "n2"]);
  expect(verdict(n1.open(say(leaked, "n1")))).toBe("unknown-key");
});

test("a member that restarts with the new key alone is understood by those that hold both", () => {
  n1.setKey(NEW_KEY);
  n2.setKey(NEW_KEY);
  n2 = start("n2", { keys: [NEW_KEY] });
  expect(keyOf(n2, "n1")).toBe("new");
  deliver(say(n2, "n1"), n2, n1);
  expect(hears(n1, "n1", n2)).toBe("counts");
  expect(hears(n2, "n2", n1)).toBe("counts");
});

test("a member that restarts with the former key alone is understood by those that hold both", () => {
  n1.setKey(NEW_KEY);
  n2 = start("n2");
  deliver(say(n2, "n1"), n2, n1);
  expect(hears(n1, "n1", n2)).toBe("counts");
  expect(hears(n2, "n2", n1)).toBe("counts");
});

test("a member that only listens, and holds the new key alone, tells so to who goes by the former one", () => {
  n1.setKey(NEW_KEY);
  n2 = start("n2", { keys: [NEW_KEY] });
  expect(verdict(n2.open(say(n1, "n2")))).toBe("unknown-key");
  for (let packets = 0; packets < 3; packets++) {
    deliver(say(n1, "n2"), n1, n2);
  }
  expect(keyOf(n1, "n2")).toBe("new");
  expect(hears(n2, "n2", n1)).toBe("counts");
});

test("a third key takes the place of the oldest", () => {
  n1.setKey(NEW_KEY);
  n1.setKey(NEWER_KEY);
  expect(hears(n1, "n1", n2)).toBe("unknown-key");
  n2.setKey(NEW_KEY);
  meet(n1, "n2", n2, "n1");
  expect([keyOf(n1, "n2"), keyOf(n2, "n1")]).toEqual(["new", "new"]);
  expect([hears(n2, "n2", n1), hears(n1, "n1", n2)]).toEqual(["counts", "counts"]);
});

test("the same key again changes nothing", () => {
  n1.setKey(NEW_KEY);
  n1.setKey(NEW_KEY);
  expect(hears(n1, "n1", n2)).toBe("counts");
});

test("the former key comes back as the newest, and the other one remains", () => {
  n1.setKey(NEW_KEY);
  n2.setKey(NEW_KEY);
  meet(n1, "n2", n2, "n1");
  n1.setKey(KEY);
  n2.setKey(KEY);
  meet(n1, "n2", n2, "n1");
  expect([keyOf(n1, "n2"), keyOf(n2, "n1")]).toEqual(["old", "old"]);
});
