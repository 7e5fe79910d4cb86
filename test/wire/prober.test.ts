import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { formatIp } from "#lib/address/ip.ts";
import { parseEthernet } from "#lib/wire/ethernet.ts";
import { type NdpPacket, NdpType, parseNdp } from "#lib/wire/ndp.ts";
import type { Probe } from "#speaker/probe/prober.ts";
import { hostOf, Segment } from "./lab/segment.ts";

const SPEAKER = hostOf("speaker", 11);
const HOST = hostOf("host", 12);
const FREE = "2001:db8::10";
const TAKEN = "2001:db8::20";

const SCRIPT = fileURLToPath(new URL("./lab/probe-process.ts", import.meta.url));
/** As the manifest of the speaker has it. */
const NET_RAW_ALONE = ["--bounding-set=-all,+net_raw", "--inh-caps=-all,+net_raw"];
const NO_CAPABILITY = ["--bounding-set=-all", "--inh-caps=-all"];
const NO_LINK = 4_000_000;

const LIMIT = { timeout: 8_000, interval: 5 };
const isRoot = process.getuid?.() === 0;
const hasTcpdump = spawnSync("tcpdump", ["--version"]).error === undefined;

let segment: Segment;
let index: number;
let tcpdump: ChildProcess;
/** A file of pcap, as it grows. */
let captured = Buffer.alloc(0);

beforeEach(() => {
  // The header of the file stays.
  captured = captured.subarray(0, 24);
});

type SentProbe = Omit<Probe, "nonce">;

/** Sends the probes from a process of their own, and gives the fields of its log lines. */
function probe(privileges: readonly string[], ...probes: readonly SentProbe[]): object[] {
  const words = [...privileges, "--no-new-privs", process.execPath, SCRIPT];
  const output = execFileSync(
    "ip",
    [
      ...["netns", "exec", segment.namespaceOf("speaker"), "setpriv", ...words],
      ...probes.map((sent) => JSON.stringify(sent)),
    ],
    { encoding: "utf8" },
  );
  return output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

/** The frames of the pcap file: each has a header of 16 bytes, with its length in the third word. */
function frames(): Uint8Array[] {
  const found: Uint8Array[] = [];
  let at = 24;
  while (at + 16 <= captured.length) {
    const length = captured.readUInt32LE(at + 8);
    found.push(captured.subarray(at + 16, at + 16 + length));
    at += 16 + length;
  }
  return found;
}

interface Seen extends NdpPacket {
  readonly macs: string;
}

/** What was sent and received about the address, in their order. */
function seen(ip: string): Seen[] {
  return frames()
    .map((frame): Seen => {
      const { destination, payload, source } = parseEthernet(frame);
      return { ...parseNdp(payload), macs: `${source} > ${destination}` };
    })
    .filter(({ message }) => formatIp(message.target) === ip);
}

describe.runIf(isRoot && hasTcpdump)("a probe (needs root and tcpdump)", () => {
  beforeAll(async () => {
    segment = new Segment([SPEAKER, HOST]);
    segment.ip("host", "address", "add", `${TAKEN}/64`, "dev", "eth0", "nodad");
    // The kernel's own is not there before its own probe is over, and until then it sends nothing of the kind.
    segment.ip("speaker", "address", "add", "fe80::11/64", "dev", "eth0", "nodad");
    index = Number(/^\d+/.exec(segment.ip("speaker", "-o", "link", "show", "eth0"))?.[0]);
    const filter = "icmp6 and (ip6[40] == 135 or ip6[40] == 136)";
    const command = ["tcpdump", "-i", "eth0", "--immediate-mode", "-U", "-w", "-", filter];
    tcpdump = spawn("ip", ["netns", "exec", segment.namespaceOf("speaker"), ...command]);
    tcpdump.stdout?.on("data", (chunk: Buffer) => {
      captured = Buffer.concat([captured, chunk]);
    });
    await vi.waitFor(() => expect(captured).toHaveLength(24), LIMIT);
  }, LIMIT.timeout);

  afterAll(() => {
    tcpdump.kill();
    segment[Symbol.dispose]();
  });

  test("is answered to all nodes by a host that has the address, and by nobody else", async () => {
    const link = "eth0";
    const told = probe(NET_RAW_ALONE, { ip: FREE, link, index }, { ip: TAKEN, link, index });
    expect(told).toEqual([]);
    await vi.waitFor(() => expect(seen(TAKEN)).toHaveLength(2), LIMIT);
    const [asked, answered] = seen(TAKEN);
    expect(asked?.message.type).toBe(NdpType.solicitation);
    expect(answered).toMatchObject({
      macs: `${HOST.mac} > 33:33:00:00:00:01`,
      message: { type: NdpType.advertisement, targetMac: HOST.mac },
    });
    expect(seen(FREE)).toHaveLength(1);
  });

  test("is what RFC 4862 §5.4.2 describes, with a nonce", async () => {
    probe(NET_RAW_ALONE, { ip: FREE, link: "eth0", index });
    await vi.waitFor(() => expect(seen(FREE)).toHaveLength(1), LIMIT);
    const [sent] = seen(FREE);
    expect(sent?.macs).toBe(`${SPEAKER.mac} > 33:33:ff:00:00:10`);
    expect(sent && formatIp(sent.source)).toBe("::");
    expect(sent && formatIp(sent.destination)).toBe("ff02::1:ff00:10");
    expect(sent?.message).toMatchObject({
      sourceMac: undefined,
      nonce: Buffer.from([1, 2, 3, 4, 5, 6]),
    });
  });

  test("is told once when its link is gone, and does not leave by another", async () => {
    const gone = { ip: FREE, link: "eth7", index: NO_LINK };
    const told = probe(NET_RAW_ALONE, gone, gone, { ip: TAKEN, link: "eth0", index });
    expect(told).toMatchObject([
      {
        level: "warn",
        msg: "address not probed for duplicates",
        ip: FREE,
        link: "eth7",
        error:
          "Cannot send a probe on eth7: No such device: if the link is to stay, bring it up with IPv6",
      },
    ]);
    await vi.waitFor(() => expect(seen(TAKEN)).toHaveLength(2), LIMIT);
    expect(seen(FREE)).toEqual([]);
  });

  test("is told with the mend when the capability is missing", () => {
    const sent = { ip: FREE, link: "eth0", index };
    expect(probe(NO_CAPABILITY, sent, sent)).toMatchObject([
      {
        error:
          "Cannot open a raw socket: Operation not permitted: give the container the NET_RAW capability",
      },
    ]);
  });
});
