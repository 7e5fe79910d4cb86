import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LogFile } from "./log-file.ts";

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "log-file-test-"));
  file = path.join(directory, "log");
});

afterEach(() => rmSync(directory, { recursive: true }));

test("is empty while the file is not there", () => {
  expect(new LogFile(file).read()).toEqual([]);
});

test("gives a line only when its end is written", () => {
  const log = new LogFile(file);
  appendFileSync(file, 'first\n{"msg":');
  expect(log.read()).toEqual(["first"]);
  appendFileSync(file, '"whole"}\nla');
  expect(log.read()).toEqual(["first", '{"msg":"whole"}']);
  expect(log.readJson()).toEqual([undefined, { msg: "whole" }]);
});

test("reads a character whose bytes come one by one", () => {
  const log = new LogFile(file);
  for (const byte of Buffer.from("größer\n")) {
    appendFileSync(file, Buffer.of(byte));
    log.read();
  }
  expect(log.read()).toEqual(["größer"]);
});

test("reads more than fits into one read", () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}`);
  appendFileSync(file, `${lines.join("\n")}\n`);
  expect(new LogFile(file).read()).toEqual(lines);
});
