import { describe, it } from "vitest";
import type { Mix } from "./arbitrary-history.ts";
import { playMany } from "./play-many.ts";

const USERS: Mix = {
  pools: 3,
  put: 3,
  change: 6,
  delete: 3,
  replace: 1,
  nodes: 1,
  host: 2,
  wait: 2,
  restart: 1,
};

describe("every Service has what the rules, restated naively, give it", {
  timeout: 600_000,
}, () => {
  it("while users edit pools and Services", () => playMany(USERS));

  it("when most Services have two families", () => playMany({ ...USERS, dualStack: 12 }));

  it("when most Services share the few addresses that there are", () =>
    playMany({ ...USERS, pools: 2, sharing: 12, dualStack: 5, isCrowded: true }));
});
