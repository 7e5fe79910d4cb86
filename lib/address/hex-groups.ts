/**
 * IPv6 addresses written in hexadecimal alone, as RFC 5952 has them. Like the dotted quads they are read and written in
 * place, and a test holds that to the library `ip-address`.
 */

const GROUPS = 8;

const GROUP = /^[0-9a-f]{1,4}$/i;

/** One address in network byte order. */
const bytes = new DataView(new ArrayBuffer(2 * GROUPS));

/** The address as an unsigned integer of 128 bits, or undefined when the text is of any other form. */
export function parseHexGroups(text: string): bigint | undefined {
  const gap = text.indexOf("::");
  const head = gap < 0 ? text : text.slice(0, gap);
  const tail = gap < 0 ? "" : text.slice(gap + 2);
  bytes.setBigUint64(0, 0n);
  bytes.setBigUint64(8, 0n);
  const before = head === "" ? [] : head.split(":");
  const after = tail === "" ? [] : tail.split(":");
  const elided = GROUPS - before.length - after.length;
  const isComplete = gap < 0 ? elided === 0 : elided > 0;
  if (!(isComplete && put(before, 0) && put(after, GROUPS - after.length))) {
    return undefined;
  }
  return (bytes.getBigUint64(0) << 64n) | bytes.getBigUint64(8);
}

/** The canonical text of an unsigned integer of 128 bits: the first of the longest runs of zeros is `::`, RFC 5952 §4. */
export function formatHexGroups(value: bigint): string {
  bytes.setBigUint64(0, value >> 64n);
  bytes.setBigUint64(8, value);
  const [start, end] = longestZeros();
  return end - start < 2 ? hex(0, GROUPS) : `${hex(0, start)}::${hex(end, GROUPS)}`;
}

function put(groups: readonly string[], at: number): boolean {
  let offset = 2 * at;
  for (const group of groups) {
    if (!GROUP.test(group)) {
      return false;
    }
    bytes.setUint16(offset, Number.parseInt(group, 16));
    offset += 2;
  }
  return true;
}

/** Where the longest run of zero groups begins and ends, the first of those as long. */
function longestZeros(): readonly [start: number, end: number] {
  let longest: readonly [number, number] = [0, 0];
  let start = 0;
  for (let index = 0; index < GROUPS; index++) {
    if (bytes.getUint16(2 * index) !== 0) {
      start = index + 1;
    } else if (index + 1 - start > longest[1] - longest[0]) {
      longest = [start, index + 1];
    }
  }
  return longest;
}

function hex(start: number, end: number): string {
  let text = "";
  for (let index = start; index < end; index++) {
    text += (index > start ? ":" : "") + bytes.getUint16(2 * index).toString(16);
  }
  return text;
}
