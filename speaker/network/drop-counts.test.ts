import { expect, test } from "vitest";
import { DropCounts } from "./drop-counts.ts";
import { Verdict } from "./verdict.ts";

test("gives the counts by reason, and only when they have changed", () => {
  const drops = new DropCounts();
  expect(drops.takeNews({})).toBeUndefined();
  drops.count(Verdict.tooShort);
  drops.count(Verdict.badSender);
  drops.count(Verdict.badSender);
  drops.countHeartbeat();
  const news = { tooShort: 1, badSender: 2, heartbeatNotAuthentic: 1, "not-a-member": 3 };
  expect(drops.takeNews({ "not-a-member": 3, "own-name": 0 })).toEqual(news);
  expect(drops.takeNews({ "not-a-member": 3, "own-name": 0 })).toBeUndefined();
});
