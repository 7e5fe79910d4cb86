import { describe, expect, it } from "vitest";
import { Peer, Peers } from "./peer.ts";

/** The same answer that many times. */
function times<T>(count: number, take: () => T): readonly T[] {
  return Array.from({ length: count }, take);
}

describe("Peer", () => {
  it("compares after three differences in a row, for news may be on its way", () => {
    const peer = new Peer();
    expect(times(3, () => peer.isDifferent(false))).toEqual([false, false, true]);
  });

  it("begins to count differences anew when one heartbeat shows the same", () => {
    const peer = new Peer();
    times(2, () => peer.isDifferent(false));
    peer.isDifferent(true);
    expect(peer.isDifferent(false)).toBe(false);
  });

  it("believes who says three times in a row that it hears nobody", () => {
    const peer = new Peer();
    expect(times(3, () => peer.isDeaf(true))).toEqual([false, false, true]);
    expect(peer.isDeaf(false)).toBe(false);
  });

  it("tells once that it is not heard, after a second, and once that it is again", () => {
    const peer = new Peer();
    expect(times(12, () => peer.newsOfHearing(false))).toEqual([
      ...times(9, () => undefined),
      false,
      undefined,
      undefined,
    ]);
    expect(times(2, () => peer.newsOfHearing(true))).toEqual([true, undefined]);
  });

  it("says nothing of hearing when only few heartbeats were not heard", () => {
    const peer = new Peer();
    times(9, () => peer.newsOfHearing(false));
    expect(peer.newsOfHearing(true)).toBeUndefined();
  });

  it("asks no more often than told, and corrects at most every 50 ms", () => {
    const peer = new Peer();
    expect([0, 40, 60].map((now) => peer.takeTurnToAsk(now, 50))).toEqual([true, false, true]);
    expect([0, 49, 50].map((now) => peer.takeTurnToCorrect(now))).toEqual([true, false, true]);
  });
});

describe("Peers", () => {
  it("keeps one of each, until it is to be forgotten", () => {
    const peers = new Peers();
    const peer = peers.of("n1");
    expect(peers.of("n1")).toBe(peer);
    peers.forget("n1");
    expect(peers.of("n1")).not.toBe(peer);
  });
});
