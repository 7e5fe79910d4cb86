/** Two nodes, a client and a foreign host on one segment, and the questions that tests ask there. */

import { spawnSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { type Family, parseIp } from "#lib/address/ip.ts";
import { Operation } from "#lib/wire/arp.ts";
import type { Mac } from "#lib/wire/mac.ts";
import { NdpType } from "#lib/wire/ndp.ts";
import type { MemberAddress, Row } from "#speaker/network/messages.ts";
import { eventually } from "#test/lab/eventually.ts";
import {
  arpAmong,
  arpRequest,
  type HeardArp,
  type HeardNdp,
  ndpAmong,
  solicitation,
} from "./frames.ts";
import { LinuxClient } from "./linux-client.ts";
import { type Host, hostOf, Segment } from "./segment.ts";
import { SpeakerHandle } from "./speaker-handle.ts";
import type { SpeakerProcessOptions } from "./speaker-process.ts";
import { Tap } from "./tap.ts";

export const N1 = hostOf("n1", 11);
export const N2 = hostOf("n2", 12);
export const CLIENT = hostOf("client", 77);
/** It has no part in the cluster. */
export const STRANGER = hostOf("stranger", 66);

export const VIP = "192.0.2.20";
export const VIP6 = "2001:db8::20";
const MARKER = "192.0.2.99";
const MARKER6 = "2001:db8::99";

/** Both nodes may own the addresses, and n1 comes first. */
export const ROW: Row = { service: "default/web", ips: [VIP, VIP6], order: ["n1", "n2"] };
const MARKER_ROW: Row = {
  service: "default/marker",
  ips: [MARKER, MARKER6],
  order: ["n1", "n2"],
};

const MEMBERS: readonly MemberAddress[] = [N1, N2].map(({ name, ip }) => ({
  name,
  addresses: [ip],
}));

/** So soon a node that is first in order gets back what another has: no test needs an owner to be left in peace. */
const FAILBACK_MS = 500;

/** A bound on liveness, not a measure of speed. */
const LIMIT_MS = 8_000;
/** As `vi.waitFor` and `expect.poll` take it. */
export const PATIENCE = { timeout: LIMIT_MS, interval: 5 };

const ASK_EVERY_MS = 10;

/** Less than that of `PATIENCE`, so that whoever asks while a link flaps can ask again. */
const ANSWER_PATIENCE = { withinMs: 1_500 };

/** A request and a reply, five times; four advertisements, and one to the routers. */
export const FRAMES_OF_ALL_ANNOUNCEMENTS = { IPv4: 10, IPv6: 5 } as const;

/** What these tests need of the machine, and it lacks; undefined: they can run. */
export function whyNoWire(): string | undefined {
  if (process.getuid?.() !== 0) {
    return "needs root";
  }
  const missing = ["ip", "arping", "ndisc6"].filter(
    (program) => spawnSync(program, ["-V"]).error !== undefined,
  );
  return missing.length > 0 ? `needs ${missing.join(" and ")}` : undefined;
}

/** What the client was told of an address. */
export interface Answer {
  readonly atMs: number;
  readonly ip: string;
  /** Whose the address is said to be. */
  readonly mac: Mac | undefined;
  /** Who said so. */
  readonly source: Mac;
}

/** How a speaker is started, other than usually. */
export interface StartOptions extends Omit<SpeakerProcessOptions, "nodeName"> {
  /** `ROW` by default. */
  readonly rows?: readonly Row[];
  /** Both nodes by default. */
  readonly members?: readonly MemberAddress[];
}

export class Stage implements AsyncDisposable {
  readonly segment = new Segment([N1, N2, CLIENT, STRANGER]);
  readonly client = new LinuxClient(this.segment, CLIENT);
  /** On the client's link. */
  readonly tap = this.tapOf("client");
  readonly #speakers: SpeakerHandle[] = [];

  tapOf(host: string, link = "eth0"): Tap {
    const index = this.segment.indexOf(host, link);
    return this.segment.within(host, () => new Tap(index));
  }

  /** Starts a speaker, and waits until it joined the members. */
  async start(
    node: Host,
    { rows = [ROW], members = MEMBERS, ...network }: StartOptions = {},
  ): Promise<SpeakerHandle> {
    const options = { nodeName: node.name, failbackMs: FAILBACK_MS, ...network };
    const speaker = new SpeakerHandle(this.segment.namespaceOf(node.name), options);
    this.#speakers.push(speaker);
    speaker.send({ kind: "members", members });
    for (const row of [...rows, MARKER_ROW]) {
      speaker.send({ kind: "put", row });
    }
    speaker.send({ kind: "ready" });
    await eventually(() => speaker.alive.includes(node.name), { withinMs: LIMIT_MS });
    return speaker;
  }

  /** Starts both, n1 first, and waits until that has announced everything, each has heard of the other, and n2 knows it. */
  async startBoth(options: StartOptions = {}): Promise<[SpeakerHandle, SpeakerHandle]> {
    const rows = [...(options.rows ?? [ROW]), MARKER_ROW];
    const n1 = await this.start(N1, options);
    for (const { ips } of rows) {
      await this.announced(n1, ...ips);
    }
    const n2 = await this.start(N2, options);
    await eventually(() => n1.heardOf.length === 2 && n2.heardOf.length === 2);
    const known = () => new Set(n2.lines("owner changed").map(({ service }) => service));
    await eventually(() => rows.every(({ service }) => known().has(service)));
    await eventually(() => n2.lines("answers resumed").length > 0);
    return [n1, n2];
  }

  /** Waits until the speaker has begun to announce the addresses, since all that it said was forgotten. */
  async announced(speaker: SpeakerHandle, ...ips: readonly string[]): Promise<void> {
    const begun = () => new Set(speaker.lines("announcing").map((fields) => fields["ip"]));
    await eventually(() => begun().isSupersetOf(new Set(ips)));
  }

  /** Waits until no announcement of an address of the speaker is still to come, before the next in a minute. */
  async quiet(speaker: SpeakerHandle): Promise<void> {
    await eventually(async () => {
      const { addresses } = await speaker.counts();
      return (
        addresses.length > 0 &&
        addresses.every(
          ({ ip, announcements }) => announcements >= FRAMES_OF_ALL_ANNOUNCEMENTS[familyOf(ip)],
        )
      );
    });
  }

  /** Removes the rows, waits until nothing of them is announced, and forgets what the speaker has said until then. */
  async withdraw(speaker: SpeakerHandle, ...rows: readonly Row[]): Promise<void> {
    speaker.said.length = 0;
    for (const { service } of rows) {
      speaker.send({ kind: "remove", service });
    }
    const ended = () => new Set(speaker.lines("owner changed").map(({ service }) => service));
    const wanted = new Set<unknown>(rows.map(({ service }) => service));
    await eventually(() => ended().isSupersetOf(wanted), { withinMs: LIMIT_MS });
    speaker.said.length = 0;
  }

  /** Ends all speakers as a crash does. */
  async stopAll(): Promise<void> {
    for (const speaker of this.#speakers) {
      speaker.kill();
    }
    await Promise.all(this.#speakers.splice(0).map(({ ended }) => ended));
  }

  /** Sends frames and gives the ARP replies that the client then gets; no other is still to come. */
  async askArp(...frames: readonly Uint8Array[]): Promise<readonly HeardArp[]> {
    this.tap.forget();
    this.tap.send(...frames, arpRequest({ ip: MARKER, from: CLIENT }));
    const replies = () =>
      this.arp().filter(
        ({ operation, destination }) => operation === Operation.reply && destination === CLIENT.mac,
      );
    await eventually(() => replies().some(({ senderIp }) => senderIp === MARKER), ANSWER_PATIENCE);
    return replies().filter(({ senderIp }) => senderIp !== MARKER);
  }

  /** Sends frames and gives the advertisements that the client then gets; no other is still to come. */
  async askNdp(...frames: readonly Uint8Array[]): Promise<readonly HeardNdp[]> {
    this.tap.forget();
    this.tap.send(...frames, solicitation({ ip: MARKER6, from: CLIENT }));
    const answers = () =>
      this.ndp().filter(
        ({ type, destination }) => type === NdpType.advertisement && destination === CLIENT.mac,
      );
    await eventually(() => answers().some(({ target }) => target === MARKER6), ANSWER_PATIENCE);
    return answers().filter(({ target }) => target !== MARKER6);
  }

  /** Cuts the host's cable at the switch, of which the host learns nothing. */
  pullCable({ name }: Host): void {
    this.segment.ip("switch", "link", "set", `port-${name}`, "nomaster");
  }

  /** The MAC addresses that answer for the address, if its owner owns the marker too. */
  async owners(ip: string): Promise<readonly Mac[]> {
    const answers =
      familyOf(ip) === "IPv6"
        ? await this.askNdp(questionFor(ip))
        : await this.askArp(questionFor(ip));
    return answers.map(({ source }) => source);
  }

  /** Asks for the addresses all the time, until the promise is fulfilled, and gives all answers in the order of their arrival. */
  async askThroughout(ips: readonly string[], end: Promise<unknown>): Promise<readonly Answer[]> {
    let hasEnded = false;
    const ended = end.finally(() => {
      hasEnded = true;
    });
    this.tap.forget();
    while (!hasEnded) {
      this.tap.send(...ips.map(questionFor));
      await delay(ASK_EVERY_MS);
    }
    await ended;
    return this.answers(ips);
  }

  /** What the client was told of the addresses, in the order of arrival. */
  answers(ips: readonly string[]): readonly Answer[] {
    const arp = this.arp()
      .filter(({ operation }) => operation === Operation.reply)
      .map(({ senderIp: ip, senderMac: mac, ...heard }) => ({ ...heard, ip, mac }));
    const ndp = this.ndp()
      .filter(({ type }) => type === NdpType.advertisement)
      .map(({ target: ip, mac, ...heard }) => ({ ...heard, ip, mac }));
    return [...arp, ...ndp]
      .filter(({ destination, ip }) => destination === CLIENT.mac && ips.includes(ip))
      .map(({ atMs, ip, mac, source }) => ({ atMs, ip, mac, source }))
      .toSorted((a, b) => a.atMs - b.atMs);
  }

  /** Asks for the address again and again, until the MAC address answers. */
  async answeredBy(mac: Mac, ip: string): Promise<void> {
    this.tap.forget();
    const isAnswer = ({ source, destination }: HeardArp | HeardNdp) =>
      source === mac && destination === CLIENT.mac;
    await eventually(() => {
      this.tap.send(questionFor(ip));
      return (
        this.arp().some((heard) => isAnswer(heard) && heard.senderIp === ip) ||
        this.ndp().some((heard) => isAnswer(heard) && heard.target === ip)
      );
    });
  }

  /** All ARP that the tap has heard. */
  arp(): readonly HeardArp[] {
    return arpAmong(this.tap.heard());
  }

  /** All NDP that a tap has heard. */
  ndp(tap = this.tap): readonly HeardNdp[] {
    return ndpAmong(tap.heard());
  }

  /** The announcements of the IPv4 address that the tap has heard, of both forms. */
  announcements(ip: string): readonly HeardArp[] {
    return this.arp().filter(({ senderIp, targetIp }) => senderIp === ip && targetIp === ip);
  }

  /** The advertisements of the IPv6 address that the tap has heard and nobody had solicited. */
  advertisements(ip: string): readonly HeardNdp[] {
    return this.ndp().filter(
      ({ target, type, flags }) =>
        target === ip && type === NdpType.advertisement && !flags.includes("S"),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAll();
    this.tap[Symbol.dispose]();
    this.client.close();
    this.segment[Symbol.dispose]();
  }
}

function questionFor(ip: string): Uint8Array {
  return familyOf(ip) === "IPv6"
    ? solicitation({ ip, from: CLIENT })
    : arpRequest({ ip, from: CLIENT });
}

function familyOf(ip: string): Family {
  return parseIp(ip).family;
}
