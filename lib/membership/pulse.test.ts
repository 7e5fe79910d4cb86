import { describe, expect, it } from "vitest";
import { Neighbourhood } from "./neighbourhood.ts";
import { profileOf } from "./profile.ts";
import { Pulse } from "./pulse.ts";

function pulse(random: number, dead: readonly string[] = []): Pulse {
  const profile = profileOf("balanced");
  const neighbourhood = new Neighbourhood("n1", profile, (node) => dead.includes(node));
  neighbourhood.setNodes(["n1", "n2", ...dead], 0);
  const started = new Pulse(profile, () => random, neighbourhood);
  started.start(0);
  return started;
}

describe("Pulse", () => {
  it.each([
    [0, 95],
    [0.5, 100],
    [0.999, 104.99],
  ])("beats again 100 ms later, give or take a twentieth: drawn %f, %f ms", (random, next) => {
    const started = pulse(random);
    expect(started.beats(0)).toBe(true);
    expect(started.nextDeadline).toBe(0);
    started.greeted(0);
    expect(started.nextDeadline).toBeCloseTo(next, 3);
    expect(started.beats(next - 1)).toBe(false);
  });

  it("says how long it could not beat", () => {
    const started = pulse(0.5);
    started.beats(0);
    expect(started.heldUpMs(250)).toBe(250);
  });

  it("greets eight of the dead every 400 ms, in turn", () => {
    const dead = Array.from({ length: 12 }, (_, index) => `d${index}`);
    const started = pulse(0.5, dead);
    const first = started.greeted(0);
    expect(first).toHaveLength(8);
    expect(started.greeted(399)).toEqual([]);
    expect(new Set([...first, ...started.greeted(400)]).size).toBe(12);
  });
});
