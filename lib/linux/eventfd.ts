import { check, checkUnless, close, eventfd, NONBLOCK_CLOEXEC, read, write } from "./libc.ts";

const COUNTER_LENGTH = 8;
const NOTHING_TO_READ: ReadonlySet<string> = new Set(["EAGAIN"]);
const ALREADY_SIGNALLED: ReadonlySet<string> = new Set(["EAGAIN"]);

/** Wakes a thread that sleeps in `poll`, from another thread: eventfd(2). */
export class Eventfd {
  readonly descriptor: number;
  readonly #one = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
  readonly #counter = new Uint8Array(COUNTER_LENGTH);

  /** @param descriptor of an eventfd of this process; threads share descriptors */
  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  static create(): Eventfd {
    return new Eventfd(check(eventfd(0, NONBLOCK_CLOEXEC), "make an eventfd"));
  }

  /** Makes the descriptor readable. */
  signal(): void {
    checkUnless(
      write(this.descriptor, this.#one, COUNTER_LENGTH),
      ALREADY_SIGNALLED,
      "signal an eventfd",
    );
  }

  /** Makes it unreadable, until the next signal. */
  drain(): void {
    checkUnless(
      read(this.descriptor, this.#counter, COUNTER_LENGTH),
      NOTHING_TO_READ,
      "read an eventfd",
    );
  }

  close(): void {
    close(this.descriptor);
  }
}
