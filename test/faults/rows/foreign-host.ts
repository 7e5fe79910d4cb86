/** Somebody else claims the address, or says what only members may say. */

import path from "node:path";
import { processorSecondsOf } from "#test/bench/processor-time.ts";
import type { Fault } from "#test/faults/fault.ts";
import { now } from "#test/faults/observation/observer.ts";
import { type Scene, SERVICE } from "#test/faults/scene.ts";
import type { Node } from "#test/lab/host.ts";
import { configureNamespace } from "#test/lab/network-namespace.ts";
import { run } from "#test/lab/run.ts";

const TOLD_WITHIN_MS = 1_000;
const CLAIMS = 8;
/** A defence is a request and a reply, for there are clients that believe but one of the two. */
const ONE_DEFENCE_MS = 50;

const GARBAGE = path.join(import.meta.dirname, "../garbage.c");
const MEMBER_PORT = 7946;
const GARBAGE_PER_S = 100_000;
const GARBAGE_FOR_S = 5;
/** Heartbeats that are recorded, of two senders or more. */
const RECORDED = 60;
/** Its main thread does something, too. */
const MOST_PROCESSORS = 1.2;

export const foreignHost: readonly Fault[] = [
  {
    id: "22",
    name: "a host that is no node announces the address once",
    // What its clients send to the stranger until the owner has spoken is lost.
    bounds: { gapMs: 1_000, changes: [0, 0], contestMs: 0 },
    seconds: 16,
    hasStranger: true,
    startsAtHome: true,
    inflict: async (scene, story) => {
      // those of an earlier run say nothing of this one
      await scene.lab.kubectl("delete", "events", "--all");
      const beganAtMs = story.mark("a stranger claims the address");
      const claimed = claim(scene, 1);
      await scene.user.toldByEvent(SERVICE, "AddressConflict", new RegExp(scene.stranger.mac));
      const afterMs = Math.round(now() - beganAtMs);
      story.check(
        `an Event tells within a second (after ${afterMs} ms)`,
        afterMs <= TOLD_WITHIN_MS,
      );
      await claimed;
      await story.wait(8);
    },
  },
  {
    id: "22b",
    name: "a host that is no node announces the address again and again",
    bounds: { changes: [0, 0], contestMs: 0 },
    seconds: 16,
    hasStranger: true,
    startsAtHome: true,
    inflict: async (scene, story) => {
      story.mark("a stranger claims the address");
      await claim(scene, CLAIMS);
      story.mark("the stranger is silent");
      await story.wait(2);
    },
    examine: (seen, story, scene) => {
      const [fromMs = 0, toMs = 0] = story.marks.map(({ atMs }) => atMs);
      const nodes = scene.acquaintance(true).nodes;
      const notices = (seen[0]?.record.sayings ?? []).filter(
        ({ atMs, kind, mac }) =>
          kind === "notice" && nodes.has(mac) && atMs > fromMs && atMs < toMs,
      );
      const defences = notices.filter(
        ({ atMs }, index) => atMs - (notices[index - 1]?.atMs ?? 0) > ONE_DEFENCE_MS,
      );
      story.check(
        `one defence in ${CLAIMS} s at most (there were ${defences.length})`,
        defences.length <= 1,
      );
    },
  },
  {
    id: "23",
    name: `${GARBAGE_PER_S.toLocaleString("en")} packets a second, replayed, forged and random, come to the port of the members`,
    bounds: { changes: [0, 0], contestMs: 0 },
    seconds: 14,
    startsAtHome: true,
    inflict: async (scene, story) => {
      const program = path.join(scene.lab.directory, "garbage");
      await run("gcc", ["-O2", "-o", program, GARBAGE]);
      const owner = scene.lab.node(story.owner);
      const recorded = await record(scene, owner);
      const words = [owner.lanIp, MEMBER_PORT, GARBAGE_PER_S, GARBAGE_FOR_S].map(String);
      const { pid } = scene.lab.speaker(story.owner);
      const secondsBefore = processorSecondsOf(pid);
      story.mark("garbage comes");
      const sent = await scene.stranger.exec(program, [...words, recorded]);
      story.mark("no more garbage");
      const share = (processorSecondsOf(pid) - secondsBefore) / GARBAGE_FOR_S;
      const packets = Number(sent).toLocaleString("en");
      story.note(`${packets} packets were sent, and took ${share.toFixed(2)} of a processor`);
      story.check(`it takes ${MOST_PROCESSORS} of a processor at most`, share <= MOST_PROCESSORS);
      await story.wait(2);
    },
  },
];

/** What others say to the owner. */
async function record({ lab }: Scene, owner: Node): Promise<string> {
  const file = path.join(lab.directory, `heartbeats-${owner.name}.pcap`);
  const filter = `udp dst port ${MEMBER_PORT} and dst host ${owner.lanIp}`;
  const ending = ["-c", String(RECORDED), "--immediate-mode"];
  await owner.exec("tcpdump", ["-i", "eth0", "-w", file, ...ending, filter]);
  return file;
}

/** Announces the first address from the stranger, once a second. */
async function claim({ stranger, subject }: Scene, times: number): Promise<void> {
  const [ip = ""] = subject.addresses;
  await configureNamespace(stranger.namespace, { "net/ipv4/ip_nonlocal_bind": 1 }, []);
  await stranger.exec("arping", ["-U", "-c", String(times), "-I", "eth0", "-s", ip, ip]);
}
