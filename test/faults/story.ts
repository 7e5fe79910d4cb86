/** What happened in one run of a fault, told while it happens. */

import { setTimeout as delay } from "node:timers/promises";
import { now } from "./observation/observer.ts";
import type { Span } from "./observation/record.ts";

export interface Mark {
  readonly atMs: number;
  readonly text: string;
}

/** Something that has to be so, beside the bounds. */
export interface Check {
  readonly text: string;
  readonly isSo: boolean;
}

/** Told of before the fault, so that a picture shows how it was. */
const LEAD_MS = 500;

export class Story {
  /** The node that has the address at the beginning. */
  readonly owner: string;
  readonly marks: Mark[] = [];
  readonly checks: Check[] = [];
  /** What is told and not judged. */
  readonly notes: string[] = [];
  readonly #fromMs = now() - LEAD_MS;
  #toMs: number | undefined;

  constructor(owner: string) {
    this.owner = owner;
  }

  /** From before the fault until `end`, or until now. */
  get span(): Span {
    return { fromMs: this.#fromMs, toMs: this.#toMs ?? now() };
  }

  /** Says what is done, at the moment at which it is done. */
  mark(text: string): number {
    const atMs = now();
    this.marks.push({ atMs, text });
    return atMs;
  }

  check(text: string, isSo: boolean): void {
    this.checks.push({ text, isSo });
  }

  note(text: string): void {
    this.notes.push(text);
  }

  /** Lets time pass. */
  async wait(seconds: number): Promise<void> {
    await delay(seconds * 1_000);
  }

  /** What comes later is not held against the fault. Safe to repeat: the first time counts. */
  end(): void {
    this.#toMs ??= now();
  }
}
