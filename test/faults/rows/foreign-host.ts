/** Somebody else claims the address, or says what only members may say. */

import path from "node:path";
import { ByteWriter } from "#lib/bytes/byte-writer.ts";
import { toHex } from "#lib/bytes/testing/hex.ts";
import { keyId, memberId } from "#lib/wire/member-id.ts";
import { sha256 } from "#speaker/network/packet-crypto.ts";
import type { Fault } from "#test/faults/fault.ts";
import { now } from "#test/faults/observation/observer.ts";
import { type Scene, SERVICE } from "#test/faults/scene.ts";
import { configureNamespace } from "#test/lab/network-namespace.ts";
import { run } from "#test/lab/run.ts";

const TOLD_WITHIN_MS = 1_000;
const CLAIMS = 8;
/** A defence is a request and a reply, for there are clients that believe but one of the two. */
const ONE_DEFENCE_MS = 50;

const GARBAGE = path.join(import.meta.dirname, "../garbage.c");
const SECRET = "metallb-memberlist";
const MEMBER_PORT = 7946;
const GARBAGE_PER_S = 100_000;
const GARBAGE_FOR_S = 5;
/** So many of a start that nobody has drawn took all of a thread's time before they were bounded. */
const FORGED_PER_S = 12_000;

const HEADER = { magic: 0x48_52_4c_44, version: 3, length: 17 };

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
    name: `${GARBAGE_PER_S.toLocaleString("en")} packets of garbage a second come to the port of the members`,
    bounds: { changes: [0, 0], contestMs: 0 },
    seconds: 14,
    startsAtHome: true,
    inflict: async (scene, story) => {
      const program = path.join(scene.lab.directory, "garbage");
      await run("gcc", ["-O2", "-o", program, GARBAGE]);
      const { lanIp } = scene.lab.node(story.owner);
      const flood = async (what: string, perSecond: number, ...header: readonly string[]) => {
        const words = [lanIp, MEMBER_PORT, perSecond, GARBAGE_FOR_S, ...header].map(String);
        story.mark(`${what} comes`);
        const sent = await scene.stranger.exec(program, words);
        story.mark(`no more ${what}`);
        story.note(`${Number(sent).toLocaleString("en")} packets of ${what} were sent`);
        await story.wait(2);
      };
      const [other = ""] = scene.nodeNames.filter((name) => name !== story.owner);
      await flood("garbage", GARBAGE_PER_S);
      await flood("garbage behind a member's header", FORGED_PER_S, await headerOf(scene, other));
    },
  },
];

/** What is in clear of each packet of a member, up to the nonce of its start: whoever records one can copy that. */
async function headerOf({ lab }: Scene, member: string): Promise<string> {
  const output = ["--output", "jsonpath={.data.secretkey}"];
  const secret = await lab.kubectl(
    "--namespace=metallb-system",
    "get",
    "secret",
    SECRET,
    ...output,
  );
  const header = new ByteWriter(HEADER.length)
    .u32(HEADER.magic)
    .u8(HEADER.version)
    .u32(keyId(Buffer.from(secret, "base64"), sha256))
    .u64(memberId(member, sha256))
    .written();
  return toHex(header);
}

/** Announces the first address from the stranger, once a second. */
async function claim({ stranger, subject }: Scene, times: number): Promise<void> {
  const [ip = ""] = subject.addresses;
  await configureNamespace(stranger.namespace, { "net/ipv4/ip_nonlocal_bind": 1 }, []);
  await stranger.exec("arping", ["-U", "-c", String(times), "-I", "eth0", "-s", ip, ip]);
}
