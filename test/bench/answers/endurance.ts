/** What a speaker stands: floods, rubbish, and a link that comes and goes. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Family } from "#lib/address/ip.ts";
import { profileOf } from "#lib/membership/profile.ts";
import { memoryUseOf } from "#test/bench/memory-use.ts";
import { eventually } from "#test/lab/eventually.ts";
import { inNamespace } from "#test/lab/network-namespace.ts";
import { ASKER, addressAt, type Scene, SPEAKER } from "./scene.ts";

const ADDRESSES = 1_000;
const ASKERS = 64;
const FLOOD_SECONDS = 10;
const WRONG_PER_SECOND = 100_000;
const FLAPS = 1_000;
/** By then all code has been compiled, and the heap is as large as it is used. */
const FLAPS_BEFORE = 250;
/** As tcpdump prints it, in seconds. */
const TIME = /^\d+\.\d{6}(?= )/;
/** Between two heartbeats, when nothing is the matter. */
const LONGEST_GAP_MS = 1.05 * profileOf("balanced").heartbeat;

export interface EnduranceResult {
  /** Milliseconds that a heartbeat came too late, while owned addresses were asked for as often as can be. */
  readonly heartbeatLateMs: readonly number[];
  /** How often a node was held dead or alive again meanwhile. */
  readonly memberChanges: number;
  readonly wrong: readonly WrongResult[];
  readonly flaps: FlapResult;
}

/** What became of a second's hundred thousand wrong frames, ten seconds long. */
export interface WrongResult {
  readonly family: Family;
  readonly sent: number;
  readonly answered: number;
  /** Counted with a reason. */
  readonly dropped: number;
  readonly logLines: number;
  /** MiB that the speaker has more afterwards. */
  readonly moreMemory: number;
}

export interface FlapResult {
  readonly count: number;
  readonly moreDescriptors: number;
  /** MiB. */
  readonly moreMemory: number;
}

export async function measureEndurance(scene: Scene): Promise<EnduranceResult> {
  const flood = await underFlood(scene);
  const wrong = [await wrongFrames(scene, "IPv4"), await wrongFrames(scene, "IPv6")];
  return { ...flood, wrong, flaps: await linkFlaps(scene) };
}

async function underFlood(
  scene: Scene,
): Promise<Pick<EnduranceResult, "heartbeatLateMs" | "memberChanges">> {
  const order = [SPEAKER.name, ASKER.name];
  const speaker = await scene.start(SPEAKER, "IPv4", ADDRESSES, { order, isPinned: true });
  const other = await scene.start(ASKER, "IPv4", 0, { order });
  const filter = ["udp", "and", "src", "host", SPEAKER.ip];
  const tcpdump = spawn(
    ...inNamespace(scene.namespaceOf(ASKER), "tcpdump", [
      "-l",
      "-n",
      "-tt",
      "-i",
      "eth0",
      ...filter,
    ]),
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  const seen: number[] = [];
  createInterface({ input: tcpdump.stdout }).on("line", (line) => {
    const seconds = TIME.exec(line)?.[0];
    if (seconds !== undefined) {
      seen.push(Number(seconds) * 1_000);
    }
  });
  await eventually(() => speaker.heardOf.length === 2 && other.heardOf.length === 2);
  await eventually(() => seen.length > 1);
  const news = () => speaker.saidOf("alive").length + other.saidOf("alive").length;
  const newsBefore = news();
  await scene.traffic.flood({
    family: "IPv4",
    first: addressAt("IPv4", 0),
    count: ADDRESSES,
    askers: ASKERS,
    perSecond: 0,
    seconds: FLOOD_SECONDS,
  });
  tcpdump.kill();
  const memberChanges = news() - newsBefore;
  await Promise.all([speaker.stop(), other.stop()]);
  const gaps = seen.slice(1).map((atMs, index) => atMs - (seen[index] ?? 0));
  return {
    heartbeatLateMs: gaps.map((gap) => Math.max(0, gap - LONGEST_GAP_MS)),
    memberChanges,
  };
}

async function wrongFrames(scene: Scene, family: Family): Promise<WrongResult> {
  const speaker = await scene.start(SPEAKER, family, ADDRESSES, {
    announceRate: 0,
    isPinned: true,
  });
  const droppedBy = async () => {
    const { drops, socketDrops } = await speaker.counts();
    return [...Object.values(drops), ...Object.values(socketDrops)].reduce((sum, one) => sum + one);
  };
  const before = await droppedBy();
  const memory = memoryUseOf(speaker.pid).rss;
  speaker.said.length = 0;
  const { sent, answered, late } = await scene.traffic.wrong({
    family,
    first: addressAt(family, 0),
    count: ADDRESSES,
    askers: ASKERS,
    perSecond: WRONG_PER_SECOND,
    seconds: FLOOD_SECONDS,
  });
  const logLines = speaker.saidOf("log").length;
  const dropped = (await droppedBy()) - before;
  const moreMemory = memoryUseOf(speaker.pid).rss - memory;
  await speaker.stop();
  return { family, sent, answered: answered + late, dropped, logLines, moreMemory };
}

async function linkFlaps(scene: Scene): Promise<FlapResult> {
  const speaker = await scene.start(SPEAKER, "IPv4", 1);
  const flap = async () => {
    speaker.said.length = 0;
    scene.ip("link", "set", "eth0", "down");
    await eventually(() => speaker.lines("link cannot answer").length > 0);
    scene.ip("link", "set", "eth0", "up");
    await eventually(() => speaker.lines("link can answer").length > 0);
  };
  for (let done = 0; done < FLAPS_BEFORE; done++) {
    await flap();
  }
  const before = { descriptors: speaker.descriptors, memory: memoryUseOf(speaker.pid).rss };
  for (let done = 0; done < FLAPS; done++) {
    await flap();
  }
  const moreDescriptors = speaker.descriptors - before.descriptors;
  const moreMemory = memoryUseOf(speaker.pid).rss - before.memory;
  await speaker.stop();
  return { count: FLAPS, moreDescriptors, moreMemory };
}
