/**
 * The functions of the C library that Herald calls, by koffi. The structures that they take are laid out by hand, as
 * 64-bit little-endian Linux has them: x64 and arm64 agree in every one used here.
 *
 * C keeps no JavaScript object alive: a buffer whose *address* is written into another buffer has to stay referenced
 * from a live object for as long as the kernel may use it.
 */

import { getSystemErrorMessage, getSystemErrorName } from "node:util";
import koffi from "koffi";

/** The program's own symbols: whichever C library Node itself runs on. */
const libc = koffi.load(null);

export const socket: (domain: number, type: number, protocol: number) => number = libc.func(
  "int socket(int, int, int)",
);
export const bind: (fd: number, address: Uint8Array, length: number) => number = libc.func(
  "int bind(int, const void *, uint)",
);
export const close: (fd: number) => number = libc.func("int close(int)");
export const setsockopt: (
  fd: number,
  level: number,
  option: number,
  value: Uint8Array,
  length: number,
) => number = libc.func("int setsockopt(int, int, int, const void *, uint)");
export const getsockopt: (
  fd: number,
  level: number,
  option: number,
  value: Uint8Array,
  length: Uint8Array,
) => number = libc.func("int getsockopt(int, int, int, void *, void *)");
export const send: (fd: number, bytes: Uint8Array, length: number, flags: number) => number =
  libc.func("long send(int, const void *, ulong, int)");
export const sendto: (
  fd: number,
  bytes: Uint8Array,
  length: number,
  flags: number,
  address: Uint8Array,
  addressLength: number,
) => number = libc.func("long sendto(int, const void *, ulong, int, const void *, uint)");
export const recv: (fd: number, buffer: Uint8Array, length: number, flags: number) => number =
  libc.func("long recv(int, void *, ulong, int)");
export const recvfrom: (
  fd: number,
  buffer: Uint8Array,
  length: number,
  flags: number,
  source: Uint8Array,
  sourceLength: Uint8Array,
) => number = libc.func("long recvfrom(int, void *, ulong, int, void *, void *)");
export const recvmmsg: (
  fd: number,
  messages: Uint8Array,
  count: number,
  flags: number,
  timeout: null,
) => number = libc.func("int recvmmsg(int, void *, uint, int, void *)");
export const sendmmsg: (fd: number, messages: Uint8Array, count: number, flags: number) => number =
  libc.func("int sendmmsg(int, void *, uint, int)");
export const poll: (descriptors: Uint8Array, count: number, timeoutMs: number) => number =
  libc.func("int poll(void *, ulong, int)");
export const eventfd: (initial: number, flags: number) => number =
  libc.func("int eventfd(uint, int)");
export const read: (fd: number, buffer: Uint8Array, length: number) => number = libc.func(
  "long read(int, void *, ulong)",
);
export const write: (fd: number, bytes: Uint8Array, length: number) => number = libc.func(
  "long write(int, const void *, ulong)",
);
export const clock_gettime: (clock: number, time: Uint8Array) => number = libc.func(
  "int clock_gettime(int, void *)",
);

/** Where the bytes begin in memory. */
export function addressOf(bytes: Uint8Array): bigint {
  return koffi.address(bytes);
}

/** Both for `socket` and `eventfd`, to whose type or flags they are added. */
export const NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;

/** An int as `setsockopt` takes it. */
export function intOption(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}

/** What to tell the user about an error number instead of the C library's words: the fact, then the mend. */
export type Mends = Readonly<Record<string, string>>;

/** A call into the C library failed. */
export class LinuxError extends Error {
  override readonly name = "LinuxError";
  /** The error number's name, `EADDRINUSE`. */
  readonly code: string;

  constructor(what: string, errno: number, mends: Mends = {}) {
    const code = getSystemErrorName(-errno);
    super(`Cannot ${what}: ${mends[code] ?? getSystemErrorMessage(-errno)}`);
    this.code = code;
  }
}

/** Whether a call failed for its link is gone, of which netlink tells sooner or later. */
export function isLinkGone(error: unknown): boolean {
  return error instanceof LinuxError && (error.code === "ENODEV" || error.code === "ENXIO");
}

/**
 * Passes on what a call returned.
 *
 * @param what the call was for: `open a packet socket on eth0`
 * @throws {LinuxError} when it returned less than zero
 */
export function check(result: number, what: string, mends?: Mends): number {
  if (result < 0) {
    throw new LinuxError(what, koffi.errno(), mends);
  }
  return result;
}

/**
 * Passes on what a call returned, or undefined when it failed in a way that its caller lives with.
 *
 * @param tolerated names of error numbers
 * @throws {LinuxError} when it failed in any other way
 */
export function checkUnless(
  result: number,
  tolerated: ReadonlySet<string>,
  what: string,
): number | undefined {
  if (result >= 0) {
    return result;
  }
  const errno = koffi.errno();
  // an error is not made before it is needed: to find a socket empty is what most reads end with
  if (tolerated.has(getSystemErrorName(-errno))) {
    return undefined;
  }
  throw new LinuxError(what, errno);
}
