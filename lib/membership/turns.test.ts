import { describe, expect, it } from "vitest";
import { Turns } from "./turns.ts";

describe("Turns", () => {
  it("gives each its turn, and then the first again", () => {
    const turns = new Turns();
    const names = ["n1", "n2", "n3"];
    expect([turns.take(names, 2), turns.take(names, 2), turns.take(names, 2)]).toEqual([
      ["n1", "n2"],
      ["n3", "n1"],
      ["n2", "n3"],
    ]);
  });

  it("gives nobody two turns at once", () => {
    expect(new Turns().take(["n1"], 3)).toEqual(["n1"]);
  });

  it("gives none where nobody is", () => {
    expect(new Turns().take([], 3)).toEqual([]);
  });
});
