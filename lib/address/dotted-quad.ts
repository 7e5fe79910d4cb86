/**
 * IPv4 addresses as nearly everybody writes them: four decimal octets without leading zeros. The controller reads and
 * writes tens of thousands of them at once, so these two work in place. A test holds them to the library `ip-address`.
 */

const ZERO = 0x30;
const NINE = 0x39;
const MAX_OCTET = 255;

/** The address as an unsigned integer of 32 bits, or undefined when the text is of any other form. */
export function parseDottedQuad(text: string): number | undefined {
  let value = 0;
  let start = 0;
  for (let octets = 1; octets < 4; octets++) {
    const dot = text.indexOf(".", start);
    const octet = octetAt(text, start, dot);
    if (octet === undefined) {
      return undefined;
    }
    value = value * 256 + octet;
    start = dot + 1;
  }
  const octet = octetAt(text, start, text.length);
  return octet === undefined ? undefined : value * 256 + octet;
}

/** The canonical text of an unsigned integer of 32 bits. */
export function formatDottedQuad(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** @param end -1 when there is none, which leaves no digits */
function octetAt(text: string, start: number, end: number): number | undefined {
  const length = end - start;
  if (length < 1 || length > 3) {
    return undefined;
  }
  let value = 0;
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index);
    if (code < ZERO || code > NINE) {
      return undefined;
    }
    value = value * 10 + code - ZERO;
  }
  const hasLeadingZero = length > 1 && text.charCodeAt(start) === ZERO;
  return hasLeadingZero || value > MAX_OCTET ? undefined : value;
}
