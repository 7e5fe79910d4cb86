import { expect, test } from "vitest";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";
import { DropCounts } from "./drop-counts.ts";
import { Verdict } from "./verdict.ts";

test("tells the counts by reason, and only when they have changed", () => {
  const drops = new DropCounts();
  const log = new RecordingLog();
  drops.tick(0, () => ({}), log);
  expect(log.lines).toEqual([]);
  drops.count(Verdict.tooShort);
  drops.count(Verdict.badSender);
  drops.count(Verdict.badSender);
  const others = () => ({ replayed: 3, malformed: 0 });
  const news = { tooShort: 1, badSender: 2, replayed: 3 };
  drops.tick(5_000, others, log);
  expect(log.lines).toEqual([]);
  drops.tick(10_000, others, log);
  drops.tick(20_000, others, log);
  expect(log.lines.map(({ fields }) => fields)).toEqual([news]);
});
