import { setTimeout as delay } from "node:timers/promises";
import { type Family, parseIp } from "#lib/address/ip.ts";
import { socketAddress, UdpSocket } from "#lib/linux/udp-socket.ts";
import type { Mac } from "#lib/wire/mac.ts";
import { eventually } from "#test/lab/eventually.ts";
import type { Host, Segment } from "./segment.ts";

/** RFC 863: nobody is there to answer. */
const DISCARD_PORT = 9;
const LEARN_LIMIT_MS = 5_000;

/** What Linux knows of a neighbour. */
export interface Neighbour {
  readonly mac: Mac | undefined;
  /** `REACHABLE`, `STALE` and so on. */
  readonly state: string;
}

/** A host that finds its neighbours as Linux does. */
export class LinuxClient {
  readonly #segment: Segment;
  readonly #host: Host;
  readonly #sockets: Readonly<Record<Family, UdpSocket>>;

  constructor(segment: Segment, host: Host) {
    this.#segment = segment;
    this.#host = host;
    this.#sockets = segment.within(host.name, () => ({
      IPv4: UdpSocket.open("IPv4", 0),
      IPv6: UdpSocket.open("IPv6", 0),
    }));
  }

  /** Sends a datagram to the address, for which Linux needs to know its neighbour. */
  talkTo(ip: string): void {
    const parsed = parseIp(ip);
    this.#sockets[parsed.family].send(Uint8Array.of(0), socketAddress(parsed, DISCARD_PORT));
  }

  /** Has Linux ask for the address, and gives the MAC address that it learnt. */
  async learn(ip: string): Promise<Mac> {
    this.forget(ip);
    this.talkTo(ip);
    return await eventually(() => this.neighbour(ip)?.mac, { withinMs: LEARN_LIMIT_MS });
  }

  /** As `learn`, and waits until the entry has that age. */
  async learnFor(ip: string, ageMs: number): Promise<Mac> {
    const mac = await this.learn(ip);
    await delay(ageMs);
    return mac;
  }

  /** What Linux knows now; undefined: nothing, not even that nobody answers. */
  neighbour(ip: string): Neighbour | undefined {
    const text = this.#segment.ip(this.#host.name, "-j", "neighbour", "show", ip, "dev", "eth0");
    const [entry] = JSON.parse(text || "[]") as readonly NeighbourEntry[];
    return entry && { mac: entry.lladdr, state: entry.state.join() };
  }

  /** Makes or changes an entry. */
  setNeighbour(ip: string, mac: Mac, state: string): void {
    const words = ["neighbour", "replace", ip, "lladdr", mac, "dev", "eth0", "nud", state];
    this.#segment.ip(this.#host.name, ...words);
  }

  forget(ip: string): void {
    this.#segment.ip(this.#host.name, "neighbour", "flush", "to", ip, "dev", "eth0");
  }

  /** @param name below /proc/sys/net, without the link: `ipv4/conf/drop_gratuitous_arp` */
  setSysctl(name: string, value: number): void {
    const [family = "", group = "", key = ""] = name.split("/");
    this.#segment.setSysctl(this.#host.name, `${family}/${group}/eth0/${key}`, value);
  }

  close(): void {
    this.#sockets.IPv4.close();
    this.#sockets.IPv6.close();
  }
}

/** As `ip -j neighbour show` prints it. */
interface NeighbourEntry {
  readonly lladdr?: Mac;
  readonly state: readonly string[];
}
