import { describe, expect, it } from "vitest";
import { profileOf } from "./profile.ts";
import { Settling } from "./settling.ts";

function begun() {
  const told: string[] = [];
  const settling = new Settling(profileOf("balanced"), {
    ask: (node) => told.push(`ask ${node}`),
    changed: (isSettled, because) => told.push(`${isSettled}: ${because}`),
  });
  settling.begin(0, "it started");
  return { settling, told };
}

const others = () => ["n2"];

describe("Settling", () => {
  it("asks the others before it is settled", () => {
    const { settling, told } = begun();
    settling.tick(0, others);
    expect(settling.isSettled).toBe(false);
    expect(told).toEqual(["ask n2"]);
  });

  it.each([
    {
      what: "somebody knows the same",
      act: (s: Settling) => s.answered("n2", true),
      because: "n2 confirms what it knows",
    },
    {
      what: "nobody answers for 300 ms",
      act: (s: Settling) => s.tick(300, others),
      because: "nobody has more to tell",
    },
    {
      what: "there is nobody else",
      act: (s: Settling) => s.tick(0, () => []),
      because: "it is the only node",
    },
  ])("is settled when $what", ({ act, because }) => {
    const { settling, told } = begun();
    act(settling);
    expect(settling.isSettled).toBe(true);
    expect(settling.nextDeadline).toBe(Number.POSITIVE_INFINITY);
    expect(told).toEqual([`true: ${because}`]);
  });

  it("asks on while others know more", () => {
    const { settling } = begun();
    settling.answered("n2", false);
    settling.tick(300, others);
    expect(settling.isSettled).toBe(false);
  });

  it("tells once that it is settled no more", () => {
    const { settling, told } = begun();
    settling.answered("n2", true);
    settling.begin(1_000, "it was held up");
    settling.begin(1_010, "it was held up");
    expect(told.slice(1)).toEqual(["false: it was held up"]);
  });
});
