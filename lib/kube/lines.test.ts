import fc from "fast-check";
import { expect, test } from "vitest";
import { readLines } from "./lines.ts";

async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function linesOf(chunks: readonly Uint8Array[], maxBytes = 1000): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(stream(chunks), maxBytes)) {
    lines.push(Buffer.from(line).toString("utf8"));
  }
  return lines;
}

const bytes = (text: string): Buffer => Buffer.from(text);

test.each([
  ["several lines in one chunk", ["a\nb\n"], ["a", "b"]],
  ["one line in several chunks", ["a", "b", "c\n"], ["abc"]],
  ["a newline that comes alone", ["a", "\n", "b\n"], ["a", "b"]],
  ["empty lines", ["\n\na\n\n"], ["a"]],
  ["an unfinished last line", ["a\nb"], ["a"]],
  ["nothing", [], []],
])("reads %s", async (_, chunks, lines) => {
  expect(await linesOf(chunks.map(bytes))).toEqual(lines);
});

test("gives the same lines in every chunking", async () => {
  const text = fc.array(fc.string({ unit: "grapheme" }).map((line) => line.replaceAll("\n", "")));
  const cuts = fc.array(fc.nat(200));
  await fc.assert(
    fc.asyncProperty(text, cuts, async (lines, places) => {
      const whole = bytes(lines.map((line) => `${line}\n`).join(""));
      const sorted = [0, ...places.filter((place) => place < whole.length), whole.length];
      sorted.sort((a, b) => a - b);
      const chunks = sorted.map((start, index) => whole.subarray(start, sorted[index + 1]));
      expect(await linesOf(chunks, 1e6)).toEqual(lines.filter((line) => line !== ""));
    }),
  );
});

test.each([
  ["in one chunk", ["12345\n"]],
  ["in several", ["123", "45\n"]],
  ["that never ends", ["123", "45"]],
])("refuses a line that is too long, %s", async (_, chunks) => {
  await expect(linesOf(chunks.map(bytes), 4)).rejects.toThrow(
    "Cannot read the watch stream: a line has more than 4 bytes",
  );
});

test("accepts a line of the greatest length", async () => {
  expect(await linesOf([bytes("1234\n")], 4)).toEqual(["1234"]);
});
