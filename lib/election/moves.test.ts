import { describe, expect, it } from "vitest";
import { Moves } from "./moves.ts";

const GROUP = "192.0.2.1";

/** The times at which the group is offered, and to whom. */
function course(moves: Moves, from: number, end: number): readonly string[] {
  const done: string[] = [];
  for (let now = from; now <= end; now += 10) {
    const { offers, overdue } =
      now >= moves.nextDeadline ? moves.tick(now) : { offers: new Map(), overdue: [] };
    done.push(
      ...[...offers.keys()].map((to) => `${now} ${to}`),
      ...[...overdue].map((group) => `${now} ${group} is overdue`),
    );
  }
  return done;
}

describe("Moves", () => {
  it("offers every 50 ms", () => {
    const moves = new Moves();
    moves.begin(GROUP, "n2", 0);
    expect(course(moves, 0, 120)).toEqual(["0 n2", "50 n2", "100 n2"]);
  });

  it("gives up after a second, and asks that node again only five seconds later", () => {
    const moves = new Moves();
    moves.begin(GROUP, "n2", 0);
    const done = course(moves, 0, 1_100);
    expect(done).toHaveLength(21);
    expect(done.at(-1)).toBe(`1000 ${GROUP} is overdue`);
    expect(moves.askableAt(GROUP, "n2")).toBe(6_000);
    expect(moves.askableAt(GROUP, "n3")).toBe(Number.NEGATIVE_INFINITY);
  });

  it("goes on to the next at once when one refuses", () => {
    const moves = new Moves();
    moves.begin(GROUP, "n2", 0);
    moves.tick(0);
    moves.refused(GROUP, "n2", 5);
    expect(moves.nextDeadline).toBeLessThanOrEqual(5);
    expect([...moves.tick(5).overdue]).toEqual([GROUP]);
    expect(moves.nextDeadline).toBe(Number.POSITIVE_INFINITY);
  });

  it("asks who refused again after half a second, and then after twice as long, up to five seconds", () => {
    const moves = new Moves();
    const waits: number[] = [];
    for (let now = 0; waits.length < 6; now = moves.askableAt(GROUP, "n2")) {
      moves.begin(GROUP, "n2", now);
      moves.refused(GROUP, "n2", now);
      waits.push(moves.askableAt(GROUP, "n2") - now);
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  it("takes a refusal for the first one when the former is long ago, or there was no answer", () => {
    const moves = new Moves();
    moves.begin(GROUP, "n2", 0);
    moves.refused(GROUP, "n2", 0);
    moves.begin(GROUP, "n2", 10_000);
    moves.refused(GROUP, "n2", 10_000);
    expect(moves.askableAt(GROUP, "n2")).toBe(10_500);
    moves.begin(GROUP, "n3", 20_000);
    moves.tick(21_000);
    moves.begin(GROUP, "n3", 26_000);
    moves.refused(GROUP, "n3", 26_000);
    expect(moves.askableAt(GROUP, "n3")).toBe(26_500);
  });

  it("takes no refusal of who was not asked", () => {
    const moves = new Moves();
    moves.begin(GROUP, "n2", 0);
    moves.refused(GROUP, "n3", 5);
    expect(moves.askableAt(GROUP, "n3")).toBe(Number.NEGATIVE_INFINITY);
    expect(course(moves, 10, 10)).toEqual(["10 n2"]);
  });

  it("goes on with one under way though another node is better, for both might take it", () => {
    const moves = new Moves();
    moves.begin(GROUP, "n2", 0);
    moves.tick(0);
    moves.begin(GROUP, "n2", 10);
    expect(moves.nextDeadline).toBe(50);
    moves.begin(GROUP, "n3", 10);
    expect(course(moves, 50, 50)).toEqual(["50 n2"]);
  });

  it("forgets refusals with the move", () => {
    const moves = new Moves();
    moves.begin(GROUP, "n2", 0);
    moves.refused(GROUP, "n2", 5);
    moves.end(GROUP);
    expect(moves.askableAt(GROUP, "n2")).toBe(Number.NEGATIVE_INFINITY);
  });

  it("has five hundred offers to a node under way, and goes on with others as those are answered", () => {
    const moves = new Moves();
    const groupAt = (count: number) => `2001:db8::${count}`;
    for (let count = 0; count < 600; count++) {
      moves.begin(groupAt(count), "n2", 0);
    }
    moves.begin(GROUP, "n3", 0);
    const offered = (now: number) =>
      [...moves.tick(now).offers].map(([to, groups]) => `${to} ${groups.length}`);
    expect(offered(0)).toEqual(["n2 500", "n3 1"]);
    expect(moves.nextDeadline).toBe(50);
    for (let count = 0; count < 70; count++) {
      moves.end(groupAt(count));
    }
    expect(moves.nextDeadline).toBeLessThanOrEqual(10);
    expect(offered(10)).toEqual(["n2 70"]);
  });

  it("gives up all that wait for a node that answers none of five hundred offers", () => {
    const moves = new Moves();
    for (let count = 0; count < 501; count++) {
      moves.begin(`2001:db8::${count}`, "n2", 0);
    }
    const done = course(moves, 0, 1_100).filter((text) => text.endsWith("is overdue"));
    expect(done).toHaveLength(501);
    expect(done.at(-1)).toBe("1000 2001:db8::500 is overdue");
  });

  it("gives up a group a second after its own first offer where the node answers others", () => {
    const moves = new Moves();
    for (let count = 0; count < 501; count++) {
      moves.begin(`2001:db8::${count}`, "n2", 0);
    }
    moves.tick(0);
    moves.end("2001:db8::0");
    const done = course(moves, 500, 2_000).filter((text) => text.endsWith("is overdue"));
    expect(done).toHaveLength(500);
    expect(done.at(-1)).toBe("1500 2001:db8::500 is overdue");
  });

  it("aims what was not offered yet at another node when that is to have it", () => {
    const moves = new Moves();
    for (let count = 0; count < 501; count++) {
      moves.begin(`2001:db8::${count}`, "n2", 0);
    }
    moves.tick(0);
    moves.begin("2001:db8::0", "n3", 10);
    moves.begin("2001:db8::500", "n3", 10);
    expect([...moves.tick(10).offers]).toEqual([["n3", ["2001:db8::500"]]]);
  });
});
