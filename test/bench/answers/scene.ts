/** A speaker without a cluster, as its image runs it, and a host on the same cable that asks it. */

import path from "node:path";
import { build } from "esbuild";
import { type Family, formatIp, parseIp } from "#lib/address/ip.ts";
import type { Row } from "#speaker/network/messages.ts";
import type { BenchOptions } from "#test/bench/options.ts";
import { type CommandLine, Core, onCore } from "#test/bench/pinning.ts";
import { eventually } from "#test/lab/eventually.ts";
import { imageEnvironment, nodeFlags } from "#test/lab/herald.ts";
import { type Host, hostOf, Segment } from "#test/wire/lab/segment.ts";
import { SPEAKER_PROCESS, SpeakerHandle } from "#test/wire/lab/speaker-handle.ts";
import type { SpeakerProcessOptions } from "#test/wire/lab/speaker-process.ts";
import { Traffic } from "./traffic.ts";

export const SPEAKER = hostOf("n1", 11);
/** It is the cluster's other node too. */
export const ASKER = hostOf("n2", 12);

/** From the block that RFC 2544 sets aside for benchmarks, and that of documentation. */
const FIRST: Readonly<Record<Family, string>> = { IPv4: "198.18.0.0", IPv6: "2001:db8::1:0" };
/** Nobody has them. */
const FIRST_FOREIGN: Readonly<Record<Family, string>> = {
  IPv4: "198.19.0.0",
  IPv6: "2001:db8::9:0",
};

const START_PATIENCE = { withinMs: 120_000 };

/** Options by which a speaker answers whoever asks, however often. */
export const WITHOUT_LIMITS = { announceRate: 0, answerRate: 0, answerRatePerClient: 0 } as const;

export interface SpeakerOptions extends Omit<SpeakerProcessOptions, "nodeName"> {
  /** The preferred owner first. */
  readonly order?: readonly string[];
  /** Whether it has a processor for itself, and no other; false by default. */
  readonly isPinned?: boolean;
}

export class Scene implements Disposable {
  readonly #segment: Segment;
  readonly #program: string;
  readonly traffic: Traffic;

  private constructor(segment: Segment, program: string, traffic: Traffic) {
    this.#segment = segment;
    this.#program = program;
    this.traffic = traffic;
  }

  static async prepare({ bundle }: BenchOptions): Promise<Scene> {
    const folder = path.join(bundle, "speaker");
    const program = path.join(folder, "speaker-process.mjs");
    await build({
      entryPoints: [SPEAKER_PROCESS],
      outfile: program,
      bundle: true,
      platform: "node",
      format: "esm",
      external: ["raw-socket"],
      banner: {
        js: 'import{createRequire as requireFrom}from"node:module";const require=requireFrom(import.meta.url);',
      },
      logLevel: "warning",
    });
    const segment = new Segment([]);
    segment.addPair(SPEAKER, ASKER);
    const traffic = await Traffic.compile(bundle, segment.namespaceOf(ASKER.name));
    return new Scene(segment, program, traffic);
  }

  /** Starts a speaker with so many addresses, and waits until it has begun to announce them all. */
  async start(
    host: Host,
    family: Family,
    count: number,
    { order = [host.name], isPinned = false, ...options }: SpeakerOptions = {},
  ): Promise<SpeakerHandle> {
    const environment = Object.entries(imageEnvironment("speaker")).map((pair) => pair.join("="));
    const node: CommandLine = [
      "env",
      [...environment, process.execPath, ...nodeFlags("speaker"), this.#program],
    ];
    const network = { nodeName: host.name, logLevel: "info", ...options } as const;
    const speaker = new SpeakerHandle(
      this.#segment.namespaceOf(host.name),
      network,
      isPinned ? onCore(Core.measured, node) : node,
    );
    const members = [SPEAKER, ASKER].map(({ name, ip }) => ({ name, addresses: [ip] }));
    speaker.send({ kind: "members", members });
    for (const row of rowsOf(family, count, order)) {
      speaker.send({ kind: "put", row });
    }
    speaker.send({ kind: "ready" });
    await eventually(() => speaker.lines("announcing").length >= count, START_PATIENCE);
    return speaker;
  }

  /** Runs `ip` on the host of the speaker. */
  ip(...words: readonly string[]): string {
    return this.#segment.ip(SPEAKER.name, ...words);
  }

  /** Whether the kernel of the host answers for the addresses that it has. */
  answerArp(host: Host, doesAnswer: boolean): void {
    this.#segment.setSysctl(host.name, "ipv4/conf/all/arp_ignore", doesAnswer ? 0 : 8);
  }

  namespaceOf(host: Host): string {
    return this.#segment.namespaceOf(host.name);
  }

  [Symbol.dispose](): void {
    this.#segment[Symbol.dispose]();
  }
}

/** The address of that index, of those that the speakers have. */
export function addressAt(family: Family, index: number): string {
  const first = parseIp(FIRST[family]);
  return formatIp({ ...first, value: first.value + BigInt(index) });
}

export function foreignAddress(family: Family): string {
  return FIRST_FOREIGN[family];
}

function rowsOf(family: Family, count: number, order: readonly string[]): readonly Row[] {
  return Array.from({ length: count }, (_, index) => ({
    service: `default/web-${index}`,
    ips: [addressAt(family, index)],
    order,
  }));
}
