import type { Writable } from "node:stream";
import { formatInterface, formatPacket, formatSectionHeader } from "#lib/wire/pcapng.ts";
import type { CapturedFrame } from "#speaker/network/messages.ts";

/** So much may wait for a reader who is slow. */
const MAX_WAITING_BYTES = 1 << 20;

/** A file of pcapng that is written while it is read. What a slow reader has no room for is dropped and counted. */
export class Trace {
  readonly #output: Writable;
  /** By their names, in the order in which they were described. */
  readonly #interfaces = new Map<string, number>();
  #written = 0;
  #dropped = 0;

  constructor(output: Writable) {
    this.#output = output;
    output.write(formatSectionHeader());
  }

  /** Frames. */
  get counts(): { readonly written: number; readonly dropped: number } {
    return { written: this.#written, dropped: this.#dropped };
  }

  write(frames: readonly CapturedFrame[]): void {
    if (this.#output.writableLength > MAX_WAITING_BYTES) {
      this.#dropped += frames.length;
      return;
    }
    this.#written += frames.length;
    this.#output.write(Buffer.concat(frames.flatMap((frame) => this.#blocksOf(frame))));
  }

  #blocksOf({ atMs, bytes, direction, length, link }: CapturedFrame): readonly Uint8Array[] {
    const known = this.#interfaces.get(link);
    const interfaceId = known ?? this.#interfaces.size;
    const packet = formatPacket({ interfaceId, atMs, direction, bytes, length });
    if (known !== undefined) {
      return [packet];
    }
    this.#interfaces.set(link, interfaceId);
    return [formatInterface(link), packet];
  }
}
