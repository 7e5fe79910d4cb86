import { EtherType } from "#lib/wire/ethernet.ts";
import { encodeProgram, type Instruction } from "./bpf.ts";
import {
  addressOf,
  bind,
  check,
  close,
  intOption,
  NONBLOCK_CLOEXEC,
  setsockopt,
  socket,
} from "./libc.ts";

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_ATTACH_FILTER = 26;
const SOL_PACKET = 263;
const PACKET_IGNORE_OUTGOING = 23;

/** Room for what arrives while the thread is busy for some milliseconds; the kernel takes no more than rmem_max. */
const RECEIVE_BUFFER_BYTES = 1 << 20;

const SOCKADDR_LL_LENGTH = 20;
const INSTRUCTION_LENGTH = 8;

const NO_PERMISSION = "permission denied: give the container the NET_RAW capability";
const OPEN_MENDS = { EPERM: NO_PERMISSION, EACCES: NO_PERMISSION };

/** A packet socket for the ARP frames of one link, but not for those that this machine sends: packet(7). */
export class PacketSocket {
  readonly descriptor: number;

  private constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /**
   * Opens one that hears nothing but what the filter passes, from the first frame on.
   *
   * @throws {LinuxError} when the capability is missing, the link is gone, or the filter is too long
   */
  static open(
    link: { readonly index: number; readonly name: string },
    filter: readonly Instruction[],
  ): PacketSocket {
    const what = `open a packet socket on ${link.name}`;
    // of protocol 0, which is none: frames are queued from bind on, when the filter is there
    const descriptor = check(socket(AF_PACKET, SOCK_RAW | NONBLOCK_CLOEXEC, 0), what, OPEN_MENDS);
    const opened = new PacketSocket(descriptor);
    try {
      opened.setFilter(filter);
      opened.#set(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1, what);
      opened.#set(SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES, what);
      check(bind(descriptor, linkAddress(link.index), SOCKADDR_LL_LENGTH), what);
    } catch (error) {
      opened.close();
      throw error;
    }
    return opened;
  }

  /**
   * Puts another filter in the place of the last, between two frames.
   *
   * @throws {LinuxError} ENOMEM when `net.core.optmem_max` is too small for it
   */
  setFilter(filter: readonly Instruction[]): void {
    const program = encodeProgram(filter);
    const header = new DataView(new ArrayBuffer(16));
    header.setUint16(0, program.length / INSTRUCTION_LENGTH, true);
    header.setBigUint64(8, addressOf(program), true);
    check(
      setsockopt(
        this.descriptor,
        SOL_SOCKET,
        SO_ATTACH_FILTER,
        new Uint8Array(header.buffer),
        header.byteLength,
      ),
      `attach a filter of ${program.length / INSTRUCTION_LENGTH} instructions`,
    );
  }

  close(): void {
    close(this.descriptor);
  }

  #set(level: number, option: number, value: number, what: string): void {
    check(setsockopt(this.descriptor, level, option, intOption(value), 4), what);
  }
}

/** `struct sockaddr_ll`: all ARP frames of one link. */
function linkAddress(index: number): Uint8Array {
  const address = new DataView(new ArrayBuffer(SOCKADDR_LL_LENGTH));
  address.setUint16(0, AF_PACKET, true);
  address.setUint16(2, EtherType.arp);
  address.setInt32(4, index, true);
  return new Uint8Array(address.buffer);
}
