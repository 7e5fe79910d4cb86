import type { Mac } from "#lib/wire/mac.ts";
import type { HeardAddress } from "./heard-address.ts";
import type { Verdict } from "./verdict.ts";

/**
 * Decides on the frames of one protocol and writes the answers, on the bytes in place: this is what runs for every frame.
 * What it is asked about the last frame is of no use after the next.
 */
export interface Answerer {
  /** Bytes of every answer. */
  readonly replyLength: number;

  /** The address that the last frame is about. */
  readonly lastHeard: HeardAddress | undefined;

  /** Where in the frames the last frame names its sender, when that frame is about an address. */
  readonly senderIpAt: number;
  /** The sender's MAC address: where an answer goes, or who claims the address. */
  readonly senderMacAt: number;

  /** Sets the MAC address of the link, which is that of all its answers. */
  setMac(mac: Mac): void;

  /**
   * Decides on the frame at `start`, and writes the answer, when there is one, to `replyStart`.
   *
   * @param length bytes of the whole frame, of which no more than a stride is there
   */
  answer(
    frames: DataView,
    start: number,
    length: number,
    replies: DataView,
    replyStart: number,
  ): Verdict;
}
