import { describe, it } from "vitest";
import type { Mix } from "./arbitrary-history.ts";
import { playMany } from "./play-many.ts";

const USERS: Mix = { pools: 2, put: 2, change: 4, delete: 2, replace: 1, host: 2, restart: 1 };

describe("every Service comes to have what the rules give it, and no write makes a double", {
  timeout: 600_000,
}, () => {
  it("when controllers die, writes fail, and Services change meanwhile", () =>
    playMany({ ...USERS, trap: 4, conflict: 3 }));

  it("when the watch is late and the controller slow", () =>
    playMany({ ...USERS, trap: 2, conflict: 1, watch: 3, pace: 3, wait: 1 }));

  it("when another controller writes doubles", () =>
    playMany({ ...USERS, trap: 1, double: 5, pace: 1, sharing: 4, isCrowded: true }));
});
