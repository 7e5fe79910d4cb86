import { describe, expect, it } from "vitest";
import { play } from "./play.ts";

describe("play", () => {
  it.each([5, 7, 41, 42])("plays seed %i the same twice", (seed) => {
    const first = play({ seed });
    expect(play({ seed })).toEqual(first);
    expect(play({ seed, telling: { group: undefined } }).trace).toBe(first.trace);
    expect(play({ seed: seed + 1 }).trace).not.toBe(first.trace);
  });

  it("tells who answered for one address, with which MAC address, and why", () => {
    const group = "198.51.7.0";
    const options = { seed: 7, nodes: 3, scenario: "one node loses power" };
    const { timeline } = play({ ...options, telling: { group } });
    expect(timeline).toMatch(/3\.\d+ {2}n\d +loses power$/m);
    expect(timeline).toMatch(new RegExp(`LAN +${group}: is at n\\d$`, "m"));
    expect(timeline).toMatch(new RegExp(`${group}: answers with its own MAC address$`, "m"));
    expect(timeline).not.toContain("198.51.8.1");
  });

  it("refuses a scenario when there is none of that name", () => {
    expect(() => play({ seed: 1, scenario: "the sky falls" })).toThrow(
      'There is no scenario "the sky falls"',
    );
  });
});
