import { expect, test } from "vitest";
import { FakeRoot } from "./checks/testing/fake-root.ts";
import { isSystemStopping } from "./system-stopping.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const FILE = "run/systemd/shutdown/scheduled";

/** As systemd-logind writes it. */
function noteOf(atMs: number): string {
  return `USEC=${atMs * 1_000}\nWARN_WALL=1\nMODE=reboot\nUID=0\nTTY=pts/0\n`;
}

test.each<[when: string, note: string, expected: boolean]>([
  ["whose shutdown was due a second ago", noteOf(NOW_MS - 1_000), true],
  ["whose shutdown is due now", noteOf(NOW_MS), true],
  ["whose shutdown is due in a minute", noteOf(NOW_MS + 60_000), false],
  ["with a note that says no time", "MODE=reboot\n", false],
  ["with a note that says nothing", "", false],
])("a machine %s stops: %j is %s", async (_, note, expected) => {
  await using root = await FakeRoot.make();
  await root.write(FILE, note);
  expect(isSystemStopping(root.path, NOW_MS)).toBe(expected);
});

test("a machine of which nothing is known does not stop", async () => {
  await using root = await FakeRoot.make();
  expect(isSystemStopping(root.path, NOW_MS)).toBe(false);
});
