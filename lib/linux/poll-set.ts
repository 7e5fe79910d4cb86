import { checkUnless, poll } from "./libc.ts";

const POLLFD_LENGTH = 8;
const EVENTS_OFFSET = 4;
const REVENTS_OFFSET = 6;
const POLLIN = 1;
const INTERRUPTED: ReadonlySet<string> = new Set(["EINTR"]);

type Handler = () => void;

/** The descriptors that a loop waits for, and what it does when one of them has something: poll(2). */
export class PollSet {
  readonly #handlers = new Map<number, Handler>();
  /** `struct pollfd` of each descriptor, and the same bytes for C; made anew when the set changed. */
  #pollfds = new DataView(new ArrayBuffer(0));
  #pollfdBytes = new Uint8Array(0);
  #isChanged = false;

  /** @param onReadable reads from the descriptor until it is empty, or also until an error on it has been fetched */
  watch(descriptor: number, onReadable: Handler): void {
    this.#handlers.set(descriptor, onReadable);
    this.#isChanged = true;
  }

  unwatch(descriptor: number): void {
    this.#handlers.delete(descriptor);
    this.#isChanged = true;
  }

  /**
   * Sleeps until a descriptor has something or the time is over, and calls the handlers of those that have.
   *
   * @param woken called before any handler
   */
  wait(timeoutMs: number, woken?: () => void): void {
    if (this.#isChanged) {
      this.#layOut();
    }
    const pollfds = this.#pollfds;
    const count = pollfds.byteLength / POLLFD_LENGTH;
    let ready =
      checkUnless(poll(this.#pollfdBytes, count, timeoutMs), INTERRUPTED, "wait for packets") ?? 0;
    woken?.();
    for (let offset = 0; ready > 0 && offset < pollfds.byteLength; offset += POLLFD_LENGTH) {
      if (pollfds.getInt16(offset + REVENTS_OFFSET, true) !== 0) {
        ready -= 1;
        this.#handlers.get(pollfds.getInt32(offset, true))?.();
      }
    }
  }

  #layOut(): void {
    this.#isChanged = false;
    const pollfds = new DataView(new ArrayBuffer(this.#handlers.size * POLLFD_LENGTH));
    let offset = 0;
    for (const descriptor of this.#handlers.keys()) {
      pollfds.setInt32(offset, descriptor, true);
      pollfds.setInt16(offset + EVENTS_OFFSET, POLLIN, true);
      offset += POLLFD_LENGTH;
    }
    this.#pollfds = pollfds;
    this.#pollfdBytes = new Uint8Array(pollfds.buffer);
  }
}
