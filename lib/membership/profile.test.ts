import { describe, expect, it } from "vitest";
import { PROFILE_NAMES, profileOf } from "./profile.ts";

describe("profileOf", () => {
  it.each([
    ["fast", 50, 162.5],
    ["balanced", 100, 325],
    ["calm", 250, 812.5],
  ] as const)("beats %s every %i ms, and votes after %d", (name, heartbeat, voteAfter) => {
    expect(profileOf(name)).toMatchObject({ heartbeat, voteAfter });
  });

  it.each(PROFILE_NAMES)(
    "gives a member of %s time to lose heartbeats before it is voted on",
    (name) => {
      const {
        answerCountsFrom,
        fenceAfter,
        heartbeat,
        probeAfter,
        probeEvery,
        voteAfter,
        voteAloneAfter,
        voteUnwellAfter,
      } = profileOf(name);
      expect(probeAfter).toBeGreaterThan(heartbeat);
      expect(voteAfter).toBeGreaterThan(3 * heartbeat);
      expect(voteAloneAfter).toBeGreaterThan(voteAfter);
      expect(voteUnwellAfter).toBeGreaterThan(voteAloneAfter);
      expect(fenceAfter).toBeLessThan(voteAfter);
      // who answered and died has lost two heartbeats before, and two probes at least can say that it did not
      expect(answerCountsFrom).toBeGreaterThan(2 * heartbeat);
      expect(answerCountsFrom).toBeLessThan(probeAfter + 2 * probeEvery);
      expect(probeAfter + 3 * probeEvery).toBeLessThan(voteAfter);
    },
  );
});
