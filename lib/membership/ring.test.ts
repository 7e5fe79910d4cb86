import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OBSERVERS, Ring } from "./ring.ts";

const names = (count: number) => Array.from({ length: count }, (_, index) => `n${index + 1}`);
const nobody = () => false;

describe("Ring", () => {
  it.each([1, 2, 4, 5, 50])(
    "of %i gives each as many observers as it observes, four at most",
    (count) => {
      const ring = new Ring(names(count));
      for (const name of names(count)) {
        expect(ring.observersOf(name, nobody)).toHaveLength(Math.min(OBSERVERS, count - 1));
        expect(ring.subjectsOf(name, nobody)).toHaveLength(Math.min(OBSERVERS, count - 1));
      }
    },
  );

  it("has each observed by whoever observes it, whoever is dead", () => {
    const anyDead = fc.subarray(names(12));
    fc.assert(
      fc.property(anyDead, (dead) => {
        const ring = new Ring(names(12));
        const isDead = (name: string) => dead.includes(name);
        for (const name of names(12).filter((living) => !isDead(living))) {
          for (const observer of ring.observersOf(name, isDead)) {
            expect(ring.subjectsOf(observer, isDead)).toContain(name);
          }
        }
      }),
    );
  });

  it("passes over the dead when it looks for observers, and counts them among the subjects", () => {
    const ring = new Ring(names(8));
    const [first = ""] = ring.observersOf("n1", nobody);
    const isDead = (name: string) => name === first;
    expect(ring.observersOf("n1", isDead)).not.toContain(first);
    const [subject = ""] = ring.subjectsOf("n1", nobody);
    const subjects = ring.subjectsOf("n1", (name) => name === subject);
    expect(subjects).toContain(subject);
    expect(subjects).toHaveLength(OBSERVERS + 1);
  });

  it("is the same for all, in whatever order they know the names", () => {
    expect(new Ring(names(9)).after("n3")).toEqual(new Ring(names(9).reverse()).after("n3"));
  });

  it("has nobody around a name that it does not know", () => {
    expect(new Ring(names(3)).after("x1")).toEqual([]);
  });
});
