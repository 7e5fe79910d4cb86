import { expect, test } from "vitest";
import { changesToTell, ownerChangedSentence } from "./owner-changed.ts";

test("tells a failover with its cause and how long it took", () => {
  const change = {
    service: "default/web",
    from: "n2",
    to: "n1",
    because: "n2 is dead: no heartbeat for 326 ms, and its kernel does not answer",
    afterMs: 328,
  };
  expect(ownerChangedSentence(change, ["192.0.2.10"])).toBe(
    "n1 answers for 192.0.2.10 instead of n2, 328 ms after its last sign of life: n2 is dead: no heartbeat for 326 ms, and its kernel does not answer",
  );
});

test("tells a planned move, which leaves no gap, without a duration", () => {
  const change = { service: "default/web", from: "n2", to: "n1", because: "n2 handed it over" };
  expect(ownerChangedSentence(change, ["192.0.2.10", "2001:db8::10"])).toBe(
    "n1 answers for 192.0.2.10 and 2001:db8::10 instead of n2: n2 handed it over",
  );
});

const takenFrom = (from: string | undefined, service = "default/web") => ({
  service,
  from,
  to: "n1",
  because: "it is so",
});

test("the new owner alone tells, and not of the first owner", () => {
  const changes = [takenFrom("n2"), { ...takenFrom("n2", "default/other"), to: "n3" }];
  const first = takenFrom(undefined, "default/first");
  const unchanged = takenFrom("n1", "default/unchanged");
  const told = changesToTell([...changes, first, unchanged], "n1");
  expect([...told.keys()]).toEqual(["default/web"]);
});

test("a thousand are told of a takeover at most", () => {
  const changes = Array.from({ length: 3_000 }, (_, index) => takenFrom("n2", `default/s${index}`));
  expect(changesToTell(changes, "n1").size).toBe(1_000);
});
