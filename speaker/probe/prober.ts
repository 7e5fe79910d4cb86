/**
 * Asks whether another host has an IPv6 address, by a probe for duplicates: RFC 4862 §5.4.2. Who has it answers to all
 * nodes, and the network thread hears that.
 */

import type { RawSocket } from "raw-socket";
import { formatIp, parseIp } from "#lib/address/ip.ts";
import type { Log } from "#lib/log/log.ts";
import { formatNdp, NdpType, solicitedNodeGroup } from "#lib/wire/ndp.ts";
import type { FromNetwork } from "#speaker/network/messages.ts";

export type Probe = Omit<Extract<FromNetwork, { kind: "probe" }>, "kind">;

/** The packets come with their IPv6 header, and none is ever received: raw(7). */
const IPPROTO_RAW = 255;
const IPPROTO_IPV6 = 41;
const IPV6_MULTICAST_IF = 17;

const UNSPECIFIED = parseIp("::");

/** Sends probes through one raw socket, which is opened with the first of them. */
export class Prober {
  readonly #log: Log;
  #socket: Promise<RawSocket> | undefined;
  /** Links on which the last probe failed, which was told. */
  readonly #failing = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Sends one. Failures are logged, once for each link until a probe leaves there: nobody can object to the address, and
   * it is announced all the same.
   */
  async send(probe: Probe): Promise<void> {
    const { ip, link } = probe;
    try {
      this.#socket ??= this.#open();
      await send(await this.#socket, probe);
      this.#failing.delete(link);
    } catch (error) {
      if (!this.#failing.has(link)) {
        this.#failing.add(link);
        this.#log.warn("address not probed for duplicates", { ip, link, error: messageOf(error) });
      }
    }
  }

  async #open(): Promise<RawSocket> {
    try {
      const { default: raw } = await import("raw-socket");
      const addressFamily = raw.AddressFamily.IPv6;
      const socket = raw.createSocket({ protocol: IPPROTO_RAW, addressFamily });
      socket.pauseRecv();
      // It has closed itself; the next probe opens another.
      socket.on("error", () => this.#forget());
      return socket;
    } catch (cause) {
      this.#forget();
      throw new Error(
        `Cannot open a raw socket: ${messageOf(cause)}: give the container the NET_RAW capability`,
        { cause },
      );
    }
  }

  #forget(): void {
    this.#socket = undefined;
  }
}

async function send(socket: RawSocket, { index, ip, link, nonce }: Probe): Promise<void> {
  const target = parseIp(ip);
  const destination = solicitedNodeGroup(target);
  const message = { type: NdpType.solicitation, target, sourceMac: undefined, nonce };
  const packet = Buffer.from(formatNdp({ source: UNSPECIFIED, destination, message }));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.send(
    packet,
    0,
    packet.length,
    formatIp(destination),
    // By its index, for another link may have the name by now.
    () => socket.setOption(IPPROTO_IPV6, IPV6_MULTICAST_IF, index),
    (error) => (error === null ? resolve() : reject(error)),
  );
  try {
    await promise;
  } catch (cause) {
    throw new Error(
      `Cannot send a probe on ${link}: ${messageOf(cause)}: if the link is to stay, bring it up with IPv6`,
      { cause },
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
