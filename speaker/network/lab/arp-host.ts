import { arpFilterForAny } from "#lib/linux/bpf.ts";
import { FRAME_STRIDE, FrameBatch } from "#lib/linux/frame-batch.ts";
import { PacketSocket } from "#lib/linux/packet-socket.ts";
import { type ArpPacket, parseArp } from "#lib/wire/arp.ts";
import { parseEthernet } from "#lib/wire/ethernet.ts";

export interface Heard extends ArpPacket {
  readonly destination: string;
  readonly source: string;
}

/** A host that sends frames as they are given, and hears all ARP. */
export class ArpHost {
  readonly #socket: PacketSocket;
  readonly #batch = new FrameBatch();
  readonly #heard: Heard[] = [];

  /** To be called in the host's namespace. */
  constructor(linkIndex: number) {
    this.#socket = PacketSocket.open({ index: linkIndex, name: "eth0" }, arpFilterForAny());
  }

  send(frame: Uint8Array): void {
    new Uint8Array(this.#batch.frames.buffer).set(frame);
    this.#batch.send(this.#socket.descriptor, 1, frame.length);
  }

  /** All that was heard since the last `forget`. */
  heard(): readonly Heard[] {
    const { buffer } = this.#batch.frames;
    const count = this.#batch.receive(this.#socket.descriptor);
    for (let index = 0; index < count; index++) {
      const length = this.#batch.length(index);
      const frame = parseEthernet(new Uint8Array(buffer, index * FRAME_STRIDE, length).slice());
      const { destination, source, payload } = frame;
      this.#heard.push({ destination, source, ...parseArp(payload) });
    }
    return this.#heard;
  }

  forget(): void {
    this.heard();
    this.#heard.length = 0;
  }

  close(): void {
    this.#socket.close();
  }
}
