import { encodeProgram, type Instruction } from "./bpf.ts";
import { addressOf, check, setsockopt } from "./libc.ts";

const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;

/** `struct sock_fprog`. */
const HEADER_LENGTH = 16;

/**
 * Gives a socket a filter, or another one in the place of the last, between two datagrams.
 *
 * @throws {LinuxError} ENOMEM when `net.core.optmem_max` is too small for it
 */
export function attachFilter(descriptor: number, filter: readonly Instruction[]): void {
  const program = encodeProgram(filter);
  // one buffer for both, so that the kernel's way to the program leads through nothing that may be collected
  const bytes = new Uint8Array(HEADER_LENGTH + program.length);
  bytes.set(program, HEADER_LENGTH);
  const header = new DataView(bytes.buffer);
  header.setUint16(0, filter.length, true);
  header.setBigUint64(8, addressOf(bytes) + BigInt(HEADER_LENGTH), true);
  check(
    setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, bytes, HEADER_LENGTH),
    `attach a filter of ${filter.length} instructions`,
  );
}
