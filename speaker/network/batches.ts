/** Messages between the threads travel many at a time: each that goes alone takes some 10 µs, and a kilobyte while it waits. */

const MOST = 64;

/** Gathers what is to be sent. */
export class BatchWriter<Message> {
  readonly #post: (messages: readonly Message[]) => void;
  #messages: Message[] = [];

  constructor(post: (messages: readonly Message[]) => void) {
    this.#post = post;
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  /** Posts it once there are many, or with `flush`. */
  add(message: Message): void {
    this.#messages.push(message);
    if (this.#messages.length === MOST) {
      this.flush();
    }
  }

  flush(): void {
    if (this.#messages.length > 0) {
      const messages = this.#messages;
      this.#messages = [];
      this.#post(messages);
    }
  }
}

/** Gives one message after the other of those that came. */
export class BatchReader<Message> {
  readonly #take: () => readonly Message[] | undefined;
  #messages: readonly Message[] = [];
  #at = 0;

  /** @param take gives what was posted at once, if anything waits */
  constructor(take: () => readonly Message[] | undefined) {
    this.#take = take;
  }

  next(): Message | undefined {
    if (this.#at === this.#messages.length) {
      this.#messages = this.#take() ?? [];
      this.#at = 0;
    }
    const message = this.#messages[this.#at];
    if (message !== undefined) {
      this.#at += 1;
    }
    return message;
  }
}
