import { execFileSync, spawnSync } from "node:child_process";
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from "vitest";
import { formatIp, parseIp } from "#lib/address/ip.ts";
import { formatArp, Operation } from "#lib/wire/arp.ts";
import { EtherType, formatEthernet } from "#lib/wire/ethernet.ts";
import { BROADCAST_MAC } from "#lib/wire/mac.ts";
import { ArpHost, type Heard } from "./lab/arp-host.ts";
import { Segment } from "./lab/segment.ts";
import { SpeakerHandle } from "./lab/speaker-handle.ts";
import type { MemberAddress, Row } from "./messages.ts";

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

function start(
  node: string,
  rows: readonly Row[] = [ROW, MARKER_ROW],
  members: readonly MemberAddress[] = MEMBERS,
): SpeakerHandle {
  const speaker = new SpeakerHandle(segment.namespaceOf(node), node);
  speakers.push(speaker);
  speaker.send({ kind: "members", members });
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

/** Removes the row, waits until that is done, and forgets all that was said until then. */
async function withdraw(speaker: SpeakerHandle): Promise<void> {
  speaker.said.length = 0;
  speaker.send({ kind: "put", row: ROW });
  speaker.send({ kind: "remove", service: ROW.service });
  await vi.waitFor(() => expect(lastChange(speaker)?.from).toBe(speaker.nodeName), LIMIT);
  speaker.said.length = 0;
}

/** Of the address, as last told. */
function lastChange(speaker: SpeakerHandle) {
  const change = speaker.lines("owner changed").findLast((fields) => fields["ip"] === VIP);
  return change && { from: change["from"], to: change["to"], because: change["because"] };
}

async function announced(speaker: SpeakerHandle, ip = VIP): Promise<void> {
  await vi.waitFor(() => {
    expect(speaker.lines("announcing").map((fields) => fields["ip"])).toContain(ip);
  }, LIMIT);
}

describe.runIf(isRoot)("a network of two speakers and a client (needs root)", () => {
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
      await vi.waitFor(() => expect(n1.alive).toEqual(["n1"]), LIMIT);
    }, LIMIT.timeout);

    afterAll(stopAll);

    beforeEach(async () => {
      await withdraw(n1);
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
      await vi.waitFor(() => {
        expect(n1.lines("first request answered")).toContainEqual({
          ip: VIP,
          link: "eth0",
          from: CLIENT.ip,
          fromMac: CLIENT.mac,
        });
      }, LIMIT);
    });

    test("does not answer what came from another VLAN", async () => {
      const plain = requestFor({ ip: VIP });
      const tagged = Uint8Array.of(...plain.slice(0, 12), 0x81, 0, 0, 5, ...plain.slice(12));
      expect(await ask(tagged)).toEqual([]);
    });

    test("is silent about an address from the moment that it is removed", async () => {
      await withdraw(n1);
      expect(await ask(requestFor({ ip: VIP }))).toEqual([]);
    });

    test("answers with a new MAC address of its link, and announces it", async () => {
      const mac = "02:00:00:00:00:21";
      onTestFinished(() => {
        segment.ip("n1", "link", "set", "eth0", "address", N1.mac);
      });
      segment.ip("n1", "link", "set", "eth0", "address", mac);
      await vi.waitFor(() => {
        const announcements = client
          .heard()
          .map(({ senderIp, senderMac }) => [formatIp(senderIp), senderMac]);
        expect(announcements).toContainEqual([VIP, mac]);
      }, LIMIT);
      expect(await owners()).toEqual([mac]);
    });

    test("answers again after its link was down", async () => {
      segment.ip("n1", "link", "set", "eth0", "down");
      await vi.waitFor(() => {
        expect(n1.lines("link cannot answer")).toEqual([{ link: "eth0", why: "it is down" }]);
      }, LIMIT);
      segment.ip("n1", "link", "set", "eth0", "up");
      await vi.waitFor(() => expect(n1.lines("link can answer")).toHaveLength(1), LIMIT);
      expect(await owners()).toEqual([N1.mac]);
    });

    test("tells of a foreign host that uses the address, and defends it once", async () => {
      const claim = requestFor({ ip: VIP, senderIp: VIP, senderMac: INTRUDER_MAC });
      expect(await ask(claim, claim)).toEqual([]);
      await vi.waitFor(() => {
        expect(n1.lines("address conflict")).toEqual([
          { ip: VIP, link: "eth0", mac: INTRUDER_MAC, defended: true },
        ]);
      }, LIMIT);
    });

    test("does not take another node's MAC address for a foreign host's", async () => {
      const n2 = start("n2", []);
      onTestFinished(() => n2.kill());
      await vi.waitFor(() => expect(n1.alive).toEqual(["n1", "n2"]), LIMIT);
      await ask(requestFor({ ip: VIP, senderIp: VIP, senderMac: N2.mac }));
      await ask(requestFor({ ip: VIP, senderIp: VIP, senderMac: INTRUDER_MAC }));
      await vi.waitFor(() => {
        expect(n1.lines("address conflict").map(({ mac }) => mac)).toEqual([INTRUDER_MAC]);
      }, LIMIT);
    });

    test.runIf(hasArping)("satisfies arping, by broadcast and then unicast (needs arping)", () => {
      const inClient = ["netns", "exec", segment.namespaceOf("client")];
      const arping = ["arping", "-c", "2", "-w", "5", "-I", "eth0", VIP];
      const output = execFileSync("ip", [...inClient, ...arping], { encoding: "utf8" });
      expect(output).toContain("Sent 2 probes (1 broadcast(s))");
      expect(output.match(/reply from 192\.0\.2\.10 \[02:00:00:00:00:11\]/g)).toHaveLength(2);
    });
  });

  test("a node without an InternalIP is answered, so that both hear each other and one owns", async () => {
    onTestFinished(stopAll);
    const unaddressed = { name: "n2", addresses: [] };
    const members = [{ name: "n1", addresses: [N1.ip] }, unaddressed];
    const n1 = start("n1", [ROW, MARKER_ROW], members);
    await vi.waitFor(() => expect(n1.alive).toEqual(["n1"]), LIMIT);
    const n2 = start("n2", [ROW, MARKER_ROW], [unaddressed]);
    await announced(n2);

    n2.send({ kind: "members", members });
    await vi.waitFor(() => {
      expect([n1.alive, n2.alive]).toEqual([
        ["n1", "n2"],
        ["n2", "n1"],
      ]);
    }, LIMIT);
    expect(await owners()).toEqual([N1.mac]);
  }, 20_000);

  test("an address moves with the life of its owner, and only one node answers", async () => {
    onTestFinished(stopAll);
    const n1 = start("n1");
    const n2 = start("n2");
    await announced(n1);
    await announced(n1, MARKER);
    await vi.waitFor(() => expect(n2.alive).toEqual(["n2", "n1"]), LIMIT);
    expect(await owners()).toEqual([N1.mac]);

    n1.kill();
    await announced(n2);
    await announced(n2, MARKER);
    expect(await owners()).toEqual([N2.mac]);
    expect(lastChange(n2)).toEqual({
      from: "n1",
      to: "n2",
      because: expect.stringMatching(/^n1 is dead: no heartbeat/),
    });

    n2.said.length = 0;
    const again = start("n1");
    await announced(again);
    await announced(again, MARKER);
    await vi.waitFor(() => expect(n2.lines("owner changed")).toHaveLength(2), LIMIT);
    expect(await owners()).toEqual([N1.mac]);

    again.send({ kind: "stop" });
    await announced(n2);
    await announced(n2, MARKER);
    expect(await owners()).toEqual([N2.mac]);
    expect(lastChange(n2)).toEqual({
      from: "n1",
      to: "n2",
      because: "n1 left: its speaker was stopped",
    });
    await again.ended;
  }, 20_000);
});
