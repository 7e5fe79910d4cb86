import { expect, test } from "vitest";
import { BackwardProgram, Code, encodeProgram, type Place } from "./bpf.ts";
import { runProgram } from "./testing/bpf-interpreter.ts";

const FRAME_OF_TWO = new DataView(Uint8Array.of(0, 2).buffer);
const HOST = 0;

test("writes an instruction as the kernel lays it out", () => {
  expect([...encodeProgram([{ code: 0x15, jt: 1, jf: 2, k: 0x0806 }])]).toEqual([
    0x15, 0, 1, 2, 0x06, 0x08, 0, 0,
  ]);
});

/** A program that passes frames whose first 16 bits are 2, with so many comparisons between the branch and its ends. */
function programWith(between: number): BackwardProgram {
  const program = new BackwardProgram();
  const pass = program.put(Code.finish, 1);
  const drop = program.put(Code.finish, 0);
  const unreached: Place = drop;
  for (let count = 0; count < between; count++) {
    program.branch(Code.jumpEqual, count, unreached, unreached);
  }
  program.branch(Code.jumpEqual, 2, pass, drop);
  program.put(Code.loadHalf, 0);
  return program;
}

test.for([0, 252, 253, 254, 255, 256, 257, 1_000])(
  "reaches an end behind %i other instructions",
  (between) => {
    const program = programWith(between).instructions();
    expect(runProgram(program, FRAME_OF_TWO, HOST)).toEqual({ passes: true, steps: 3 });
    expect(Math.max(...program.map(({ jt, jf }) => Math.max(jt, jf)))).toBeLessThanOrEqual(255);
  },
);

test.for([0, 253, 254, 255, 256, 1_000])(
  "reaches what is no end behind %i other instructions, over one jump at most",
  (between) => {
    const program = new BackwardProgram();
    const drop = program.put(Code.finish, 0);
    program.put(Code.finish, 1);
    const pass = program.put(Code.subtract, 0);
    for (let count = 0; count < between; count++) {
      program.branch(Code.jumpEqual, count, drop, drop);
    }
    program.branch(Code.jumpEqual, 2, pass, drop);
    program.put(Code.loadHalf, 0);
    const run = runProgram(program.instructions(), FRAME_OF_TWO, HOST);
    expect(run.passes).toBe(true);
    expect(run.steps).toBeLessThanOrEqual(5);
  },
);
