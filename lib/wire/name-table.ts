/** The nodes that a message names, each once: count, then of each its length and the name. They are referred to by place, from 1. */

import type { ByteReader } from "#lib/bytes/byte-reader.ts";
import type { ByteWriter } from "#lib/bytes/byte-writer.ts";
import { nodeNameFromBytes, nodeNameToBytes } from "./node-name.ts";

/** Stands for no node. */
const NOBODY = 0;

/** Of what a name takes in the table, in bytes. */
export function nameEntryLength(name: string): number {
  return 1 + name.length;
}

/** Of a message that is being written. */
export class NameTable {
  readonly #places = new Map<string, number>();

  add(name: string | undefined): void {
    if (name !== undefined && !this.#places.has(name)) {
      this.#places.set(name, this.#places.size + 1);
    }
  }

  /** @throws {RangeError} when one of them is not a node's */
  write(writer: ByteWriter): void {
    writer.u8(this.#places.size);
    for (const name of this.#places.keys()) {
      const bytes = nodeNameToBytes(name);
      writer.u8(bytes.length).bytes(bytes);
    }
  }

  placeOf(name: string | undefined): number {
    return name === undefined ? NOBODY : (this.#places.get(name) ?? NOBODY);
  }
}

/** @throws {MalformedError} when it is cut short, or one of them is not a node's */
export function readNames(reader: ByteReader): readonly string[] {
  return Array.from({ length: reader.u8("count of names") }, () =>
    nodeNameFromBytes(reader.bytes(reader.u8("length of a name"), "name")),
  );
}

/** @throws {MalformedError} when the table has no such place */
export function readNodeOrNobody(reader: ByteReader, names: readonly string[]): string | undefined {
  const place = reader.u8("place of a name");
  if (place > names.length) {
    throw reader.malformed(`place of a name is ${place}, and there are ${names.length}`);
  }
  return names[place - 1];
}

/** @throws {MalformedError} when the table has no such place */
export function readNode(reader: ByteReader, names: readonly string[]): string {
  const name = readNodeOrNobody(reader, names);
  if (name === undefined) {
    throw reader.malformed("place of a name is 0");
  }
  return name;
}
