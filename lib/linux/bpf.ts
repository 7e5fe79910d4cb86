/** Classic BPF, which runs in the kernel and spares us the frames that are not ours. */

/** `struct sock_filter`. */
export interface Instruction {
  readonly code: number;
  /** How many instructions to skip when the comparison holds. */
  readonly jt: number;
  /** How many to skip when it does not. */
  readonly jf: number;
  readonly k: number;
}

/** Those of its codes that a filter for addresses needs. They work on one register. */
export const Code = {
  /** Loads 32 bits from offset k. */
  loadWord: 0x20,
  /** Loads 16 bits from offset k. */
  loadHalf: 0x28,
  /** Loads 8 bits from offset k. */
  loadByte: 0x30,
  /** Takes k away, in 32 bits without a sign. */
  subtract: 0x14,
  /** Skips k instructions. */
  jump: 0x05,
  jumpEqual: 0x15,
  /** Compares without a sign. */
  jumpAtLeast: 0x35,
  /** Ends, and passes the first k bytes of the frame, or drops it when k is 0. */
  finish: 0x06,
} as const;
export type Code = (typeof Code)[keyof typeof Code];

const INSTRUCTION_LENGTH = 8;

/** How many instructions a comparison can skip. */
const REACH = 255;

/** An instruction of a program that is being written, to which others jump. */
export interface Place {
  /** Counted from the end of the program. */
  readonly at: number;
  /** What leads there and was written last, so that it is nearest. */
  nearest: number;
}

/**
 * Writes a program from its end to its beginning: BPF jumps forward only, so that every jump knows how far it goes. What
 * a comparison cannot reach, it reaches over a jump that is put between.
 */
export class BackwardProgram {
  /** The last instruction first. */
  readonly #reversed: Instruction[] = [];

  /** Puts an instruction before all others; the one put before it last is the next to run. */
  put(code: Code, k: number, jt = 0, jf = 0): Place {
    this.#reversed.push({ code, jt, jf, k });
    const at = this.#reversed.length - 1;
    return { at, nearest: at };
  }

  /** Puts a comparison of what is loaded with k. */
  branch(code: Code, k: number, yes: Place, no: Place): Place {
    this.#approach(yes);
    this.#approach(no);
    return this.put(code, k, this.#distanceTo(yes.nearest), this.#distanceTo(no.nearest));
  }

  /** In the order in which they run. */
  instructions(): readonly Instruction[] {
    return this.#reversed.toReversed();
  }

  /** Sees to it that the instruction after the next one reaches the place. */
  #approach(place: Place): void {
    if (this.#distanceTo(place.nearest) < REACH) {
      return;
    }
    const target = this.#reversed[place.at];
    // another end serves as well as a jump to that end, and runs one instruction less
    place.nearest =
      target?.code === Code.finish
        ? this.put(Code.finish, target.k).at
        : this.put(Code.jump, this.#distanceTo(place.at)).at;
  }

  /** How many instructions the next one that is put has to skip. */
  #distanceTo(at: number): number {
    return this.#reversed.length - 1 - at;
  }
}

/** The bytes of the instructions, as the kernel takes them. */
export function encodeProgram(instructions: readonly Instruction[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(instructions.length * INSTRUCTION_LENGTH));
  instructions.forEach(({ code, jt, jf, k }, index) => {
    const start = index * INSTRUCTION_LENGTH;
    view.setUint16(start, code, true);
    view.setUint8(start + 2, jt);
    view.setUint8(start + 3, jf);
    view.setUint32(start + 4, k, true);
  });
  return new Uint8Array(view.buffer);
}
