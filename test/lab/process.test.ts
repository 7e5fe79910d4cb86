import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Process } from "./process.ts";

let directory: string;
let started: Process[];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "process-test-"));
  started = [];
});

afterEach(async () => {
  await Promise.all(
    started.filter((process) => process.isRunning).map((process) => process.kill()),
  );
  rmSync(directory, { recursive: true });
});

function script(text: string): Process {
  const logPath = path.join(directory, "log");
  const process = new Process({ name: "script", command: "sh", args: ["-c", text], logPath });
  started.push(process);
  return process;
}

test("gives the lines that are JSON objects, and all lines as text", async () => {
  const process = script(`echo '{"msg":"one"}'; echo plain; echo '{broken'; echo '{"msg":"two"}'`);
  await process.start();
  await process.waitForLog(({ msg }) => msg === "two");
  expect(process.logs).toEqual([{ msg: "one" }, { msg: "two" }]);
  expect(process.lines).toEqual(['{"msg":"one"}', "plain", "{broken", '{"msg":"two"}']);
});

test("tells how it ended", async () => {
  const process = script("exit 3");
  await process.start();
  expect(await process.exited()).toEqual({ code: 3, signal: null });
  expect(process.isRunning).toBe(false);
});

test.each(["SIGTERM", "SIGKILL", "SIGINT"] as const)("ends by %s", async (signal) => {
  const process = script("exec tail -f /dev/null");
  await process.start();
  expect(await process.stop(signal)).toEqual({ code: null, signal });
});

test("can be killed while it is stopped", async () => {
  const process = script("exec tail -f /dev/null");
  await process.start();
  process.signal("SIGSTOP");
  expect(await process.kill()).toEqual({ code: null, signal: "SIGKILL" });
});

test("waits for lines of its present run, unless told where to begin", async () => {
  const process = script(`echo "{\\"pid\\":$$}"; exec tail -f /dev/null`);
  await process.start();
  const first = await process.waitForLog(() => true);
  await process.restart();
  expect(await process.waitForLog(() => true)).toEqual({ pid: process.pid });
  expect(await process.waitForLog(() => true, { from: 0 })).toEqual(first);
});

test("says how the log ends when the process ends without the line", async () => {
  const process = script("echo cannot open the door; exit 1");
  await process.start();
  await expect(process.waitForLine(/ready/)).rejects.toThrow(
    "Waited in vain for /ready/ in the log of script: its log ends with\ncannot open the door",
  );
});

test("refuses to start twice", async () => {
  const process = script("exec tail -f /dev/null");
  await process.start();
  await expect(process.start()).rejects.toThrow("Cannot start script: it runs already");
});
