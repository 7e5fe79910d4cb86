import { PACKET_TYPE_OFFSET } from "#lib/linux/address-filter.ts";
import { Code, type Instruction } from "#lib/linux/bpf.ts";

export interface Run {
  readonly passes: boolean;
  /** How many instructions ran. */
  readonly steps: number;
}

/** Runs the program as the kernel does: a load behind the end of the frame drops it. */
export function runProgram(
  program: readonly Instruction[],
  frame: DataView,
  packetType: number,
): Run {
  let loaded = 0;
  let steps = 0;
  for (let at = 0; ; at += 1) {
    const { code, jt, jf, k } = instructionAt(program, at);
    steps += 1;
    const value = loadedBy(code, k, frame, packetType);
    if (value === "beyond the end") {
      return { passes: false, steps };
    }
    loaded = value ?? loaded;
    switch (code) {
      case Code.finish:
        return { passes: k > 0, steps };
      case Code.jump:
        at += k;
        break;
      case Code.jumpEqual:
        at += loaded === k ? jt : jf;
        break;
      case Code.jumpAtLeast:
        at += loaded >= k ? jt : jf;
        break;
      case Code.subtract:
        loaded = (loaded - k) >>> 0;
        break;
    }
  }
}

function instructionAt(program: readonly Instruction[], at: number): Instruction {
  const instruction = program[at];
  if (instruction === undefined) {
    throw new Error("the program runs over its end");
  }
  // as much of it as is written into a program
  return { ...instruction, k: instruction.k >>> 0 };
}

const WIDTH: Readonly<Record<number, number>> = {
  [Code.loadByte]: 1,
  [Code.loadHalf]: 2,
  [Code.loadWord]: 4,
};

/** Undefined: the instruction loads nothing. */
function loadedBy(
  code: number,
  offset: number,
  frame: DataView,
  packetType: number,
): number | "beyond the end" | undefined {
  const width = WIDTH[code];
  if (width === undefined) {
    return undefined;
  }
  if (offset === PACKET_TYPE_OFFSET) {
    return packetType;
  }
  if (offset + width > frame.byteLength) {
    return "beyond the end";
  }
  if (width === 4) {
    return frame.getUint32(offset);
  }
  return width === 2 ? frame.getUint16(offset) : frame.getUint8(offset);
}
