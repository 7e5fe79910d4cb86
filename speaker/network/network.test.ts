import { execFileSync, spawnSync } from "node:child_process";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { formatIp, parseIp } from "#lib/address/ip.ts";
import { formatArp, Operation } from "#lib/wire/arp.ts";
import { EtherType, formatEthernet } from "#lib/wire/ethernet.ts";
import { BROADCAST_MAC } from "#lib/wire/mac.ts";
import { ArpHost, type Heard } from "./lab/arp-host.ts";
import { Segment } from "./lab/segment.ts";
import { SpeakerHandle } from "./lab/speaker-handle.ts";
import type { Row } from "./messages.ts";

const N1 = { name: "n1", ip: "192.0.2.1", mac: "02:00:00:00:00:11" };
const N2 = { name: "n2", ip: "192.0.2.2", mac: "02:00:00:00:00:12" };
const CLIENT = { name: "client", ip: "192.0.2.77", mac: "02:00:00:00:01:00" };
const INTRUDER_MAC = "02:42:ac:11:00:07";
const VIP = "192.0.2.10";
const MARKER = "192.0.2.99";

const MEMBERS = [N1, N2].map(({ name, ip }) => ({ name, addresses: [ip] }));
const ROW: Row = { service: "default/web", ips: [VIP], order: ["n1", "n2"] };
const MARKER_ROW: Row = { service: "default/marker", ips: [MARKER], order: ["n1", "n2"] };

const LIMIT = { timeout: 8_000, interval: 5 };

const isRoot = process.getuid?.() === 0;
const hasArping = spawnSync("arping", ["-V"]).error === undefined;

let segment: Segment;
let client: ArpHost;
const speakers: SpeakerHandle[] = [];

interface Question {
  readonly ip: string;
  readonly destination?: string;
  readonly senderMac?: string;
  readonly senderIp?: string;
}

function requestFor(question: Question): Uint8Array {
  const {
    ip,
    destination = BROADCAST_MAC,
    senderMac = CLIENT.mac,
    senderIp = CLIENT.ip,
  } = question;
  return formatEthernet({
    destination,
    source: senderMac,
    etherType: EtherType.arp,
    payload: formatArp({
      operation: Operation.request,
      senderMac,
      senderIp: parseIp(senderIp),
      targetMac: "00:00:00:00:00:00",
      targetIp: parseIp(ip),
    }),
  });
}

async function withdrawn(speaker: SpeakerHandle): Promise<void> {
  await vi.waitFor(() => {
    const changes = speaker.lines("owner changed").map(({ ip, from, to }) => [ip, from, to]);
    expect(changes).toContainEqual([VIP, speaker.nodeName, undefined]);
  }, LIMIT);
}

/** Answers to the client, and not announcements. */
function answersFrom(ip: string): readonly Heard[] {
  return client
    .heard()
    .filter(
      ({ operation, senderIp, destination }) =>
        operation === Operation.reply && formatIp(senderIp) === ip && destination === CLIENT.mac,
    );
}

/** Asks, then asks for the marker: when that one is answered, all answers to the first question are there. */
async function ask(...frames: readonly Uint8Array[]): Promise<readonly Heard[]> {
  client.forget();
  for (const frame of frames) {
    client.send(frame);
  }
  client.send(requestFor({ ip: MARKER }));
  await expect.poll(() => answersFrom(MARKER), LIMIT).not.toEqual([]);
  return answersFrom(VIP);
}

/** The MAC addresses that answer for the address. */
async function owners(): Promise<readonly string[]> {
  return (await ask(requestFor({ ip: VIP }))).map(({ source }) => source);
}

function start(node: string, rows: readonly Row[] = [ROW, MARKER_ROW]): SpeakerHandle {
  const speaker = new SpeakerHandle(segment.namespaceOf(node), node);
  speakers.push(speaker);
  speaker.send({ kind: "members", members: MEMBERS });
  for (const row of rows) {
    speaker.send({ kind: "put", row });
  }
  speaker.send({ kind: "ready" });
  return speaker;
}

async function stopAll(): Promise<void> {
  for (const speaker of speakers) {
    speaker.kill();
  }
  await Promise.all(speakers.splice(0).map(({ ended }) => ended));
}

async function announced(speaker: SpeakerHandle, ip = VIP): Promise<void> {
  await vi.waitFor(() => {
    expect(speaker.lines("announcing").map((fields) => fields["ip"])).toContain(ip);
  }, LIMIT);
}

describe.runIf(isRoot)(
  "a network of two speakers and a client (needs root)",
  { timeout: 20_000 },
  () => {
    beforeAll(() => {
      segment = new Segment([N1, N2, CLIENT]);
      const index = /^\d+/.exec(segment.ip("client", "-o", "link", "show", "eth0"))?.[0];
      client = segment.within("client", () => new ArpHost(Number(index)));
    });

    afterAll(() => {
      client.close();
      segment[Symbol.dispose]();
    });

    describe("with one of them running", () => {
      let n1: SpeakerHandle;

      beforeAll(async () => {
        n1 = start("n1");
        await announced(n1, MARKER);
      });

      afterAll(stopAll);

      beforeEach(async () => {
        n1.said.length = 0;
        n1.send({ kind: "remove", service: "default/web" });
        n1.send({ kind: "put", row: ROW });
        await announced(n1);
      });

      test("answers each request once, with the link's MAC address, and tells of the first", async () => {
        const questions = [
          requestFor({ ip: VIP }),
          requestFor({ ip: VIP, destination: N1.mac }),
          requestFor({ ip: VIP, senderIp: "0.0.0.0" }),
          Uint8Array.of(...requestFor({ ip: VIP }), ...new Uint8Array(18)),
        ];
        const answers = await ask(...questions);
        expect(answers.map(({ source, senderMac }) => [source, senderMac])).toEqual(
          questions.map(() => [N1.mac, N1.mac]),
        );
        await expect
          .poll(() => n1.lines("first request answered"), LIMIT)
          .toContainEqual({
            ip: VIP,
            link: "eth0",
            from: CLIENT.ip,
            fromMac: CLIENT.mac,
          });
      });

      test("does not answer what came from another VLAN", async () => {
        const plain = requestFor({ ip: VIP });
        const tagged = Uint8Array.of(...plain.slice(0, 12), 0x81, 0, 0, 5, ...plain.slice(12));
        expect(await ask(tagged)).toEqual([]);
      });

      test("is silent about an address from the moment that it is removed", async () => {
        n1.send({ kind: "remove", service: "default/web" });
        await expect
          .poll(() => n1.lines("owner changed").map(({ ip, from, to }) => [ip, from, to]), LIMIT)
          .toContainEqual([VIP, "n1", undefined]);
        expect(await ask(requestFor({ ip: VIP }))).toEqual([]);
      });

      test("answers with a new MAC address of its link, and announces it", async () => {
        const mac = "02:00:00:00:00:21";
        segment.ip("n1", "link", "set", "eth0", "address", mac);
        try {
          await expect
            .poll(
              () =>
                client
                  .heard()
                  .map(({ senderIp, senderMac }) => `${formatIp(senderIp)} ${senderMac}`),
              LIMIT,
            )
            .toContain(`${VIP} ${mac}`);
          expect((await ask(requestFor({ ip: VIP }))).map(({ senderMac }) => senderMac)).toEqual([
            mac,
          ]);
        } finally {
          segment.ip("n1", "link", "set", "eth0", "address", N1.mac);
        }
      });

      test("answers again after its link was down", async () => {
        segment.ip("n1", "link", "set", "eth0", "down");
        await expect
          .poll(() => n1.lines("link cannot answer"), LIMIT)
          .toContainEqual({ link: "eth0", why: "it is down" });
        segment.ip("n1", "link", "set", "eth0", "up");
        await expect.poll(() => n1.lines("link can answer"), LIMIT).toHaveLength(1);
        expect(await ask(requestFor({ ip: VIP }))).toHaveLength(1);
      });

      test("tells of a foreign host that uses the address, and defends it once", async () => {
        client.forget();
        const claim = requestFor({ ip: VIP, senderIp: VIP, senderMac: INTRUDER_MAC });
        expect(await ask(claim, claim)).toEqual([]);
        await expect
          .poll(() => n1.lines("address conflict"), LIMIT)
          .toEqual([{ ip: VIP, link: "eth0", mac: INTRUDER_MAC, defended: true }]);
      });

      test("does not take another node's MAC address for a foreign host's", async () => {
        const n2 = start("n2", []);
        await expect
          .poll(() => [n1.alive, n2.alive], LIMIT)
          .toEqual([
            ["n1", "n2"],
            ["n2", "n1"],
          ]);
        await ask(requestFor({ ip: VIP, senderIp: VIP, senderMac: N2.mac }));
        await ask(requestFor({ ip: VIP, senderIp: VIP, senderMac: INTRUDER_MAC }));
        await expect
          .poll(() => n1.lines("address conflict").map(({ mac }) => mac), LIMIT)
          .toEqual([INTRUDER_MAC]);
      });

      test.runIf(hasArping)(
        "satisfies arping, by broadcast and then unicast (needs arping)",
        () => {
          const words = ["netns", "exec", segment.namespaceOf("client"), "arping"];
          const output = execFileSync("ip", [...words, "-c", "2", "-w", "5", "-I", "eth0", VIP], {
            encoding: "utf8",
          });
          expect(output).toContain("Sent 2 probes (1 broadcast(s))");
          expect(output.match(/reply from 192\.0\.2\.10 \[02:00:00:00:00:11\]/g)).toHaveLength(2);
        },
      );
    });

    test("an address moves with the life of its owner, and only one node answers", async () => {
      onTestFinished(stopAll);
      const n1 = start("n1");
      const n2 = start("n2");
      await expect.poll(() => [n1.alive.length, n2.alive.length], LIMIT).toEqual([2, 2]);
      await announced(n1);
      await announced(n1, MARKER);
      expect(await owners()).toEqual([N1.mac]);

      n1.kill();
      await announced(n2);
      await announced(n2, MARKER);
      expect(await owners()).toEqual([N2.mac]);
      expect(n2.lines("owner changed")).toContainEqual(
        expect.objectContaining({
          ip: VIP,
          from: "n1",
          to: "n2",
          because: expect.stringMatching(/^n1 is dead: no heartbeat/),
        }),
      );

      n2.said.length = 0;
      const again = start("n1");
      await announced(again);
      await announced(again, MARKER);
      await expect.poll(() => n2.lines("owner changed").length, LIMIT).toBe(2);
      expect(await owners()).toEqual([N1.mac]);

      again.send({ kind: "stop" });
      await again.ended;
      await announced(n2);
      await announced(n2, MARKER);
      expect(await owners()).toEqual([N2.mac]);
      expect(n2.lines("owner changed").map(({ because }) => because)).toContain(
        "n1 left: its speaker was stopped",
      );
    });
  },
);
