import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Operation } from "#lib/wire/arp.ts";
import { BROADCAST_MAC } from "#lib/wire/mac.ts";
import { arpRequest, patched } from "./lab/frames.ts";
import type { SpeakerHandle } from "./lab/speaker-handle.ts";
import { CLIENT, N1, PATIENCE, ROW, Stage, VIP, whyNoWire } from "./lab/stage.ts";

const REQUEST = arpRequest({ ip: VIP, from: CLIENT });
/** Offsets in an Ethernet frame that carries ARP. */
const AT = { hardware: 14, protocol: 16, lengths: 18, operation: 20, senderMac: 22 } as const;

const why = whyNoWire();

describe.skipIf(why)(`ARP requests to a node that owns an address ${why ?? ""}`, () => {
  let stage: Stage;
  let n1: SpeakerHandle;

  beforeAll(async () => {
    stage = new Stage();
    n1 = await stage.start(N1);
    await stage.announced(n1, ...ROW.ips);
  });

  afterAll(() => stage[Symbol.asyncDispose]());

  beforeEach(() => {
    stage.client.forget(VIP);
  });

  test.each([
    { what: "hardware type 2", frame: patched(REQUEST, AT.hardware, 0, 2) },
    { what: "protocol type IPv6", frame: patched(REQUEST, AT.protocol, 0x86, 0xdd) },
    { what: "hardware addresses of 8 bytes", frame: patched(REQUEST, AT.lengths, 8, 4) },
    { what: "protocol addresses of 16 bytes", frame: patched(REQUEST, AT.lengths, 6, 16) },
    { what: "no addresses at all", frame: patched(REQUEST, AT.lengths, 0, 0) },
  ])("A1: drops and counts a request with $what", async ({ frame }) => {
    const before = await n1.counts();
    expect(await stage.askArp(frame)).toEqual([]);
    const { drops } = await n1.counts();
    expect(drops["notEthernetIpv4"]).toBe((before.drops["notEthernetIpv4"] ?? 0) + 1);
  });

  test.each([
    { what: "a reply", operation: 2 },
    { what: "an operation of RARP", operation: 3 },
    { what: "operation 0", operation: 0 },
  ])("A1: does not answer $what", async ({ operation }) => {
    expect(await stage.askArp(patched(REQUEST, AT.operation, 0, operation))).toEqual([]);
  });

  test("A1: does not answer a request that is cut short, wherever", async () => {
    const cut = Array.from({ length: 28 }, (_, length) => REQUEST.subarray(0, 14 + length));
    expect(await stage.askArp(...cut)).toEqual([]);
  });

  test("A1: answers a request of hardware type 6, IEEE 802", async () => {
    expect(await stage.askArp(patched(REQUEST, AT.hardware, 0, 6))).toHaveLength(1);
  });

  test("A2: replies to the asker alone, with the link's MAC address for the asked one", async () => {
    expect(await stage.askArp(REQUEST)).toEqual([
      {
        atMs: expect.any(Number),
        direction: "in",
        destination: CLIENT.mac,
        source: N1.mac,
        operation: Operation.reply,
        senderMac: N1.mac,
        senderIp: VIP,
        targetMac: CLIENT.mac,
        targetIp: CLIENT.ip,
      },
    ]);
  });

  test("A2: replies to the MAC address that the request names, not to that of its frame", async () => {
    const relayed = arpRequest({ ip: VIP, from: CLIENT, source: "02:00:00:00:00:55" });
    const [reply] = await stage.askArp(relayed);
    expect(reply?.destination).toBe(CLIENT.mac);
  });

  test("A2: tells of the first request that it answers, and of no other", async () => {
    await stage.withdraw(n1, ROW);
    n1.send({ kind: "put", row: ROW });
    await stage.announced(n1, VIP);
    expect(await stage.askArp(REQUEST, REQUEST)).toHaveLength(2);
    const first = () => n1.lines("first request answered").filter(({ ip }) => ip === VIP);
    const told = { ip: VIP, link: "eth0", from: CLIENT.ip, fromMac: CLIENT.mac };
    await vi.waitFor(() => expect(first()).toMatchObject([told]), PATIENCE);
  });

  test.each([
    { what: "broadcast", destination: BROADCAST_MAC },
    { what: "unicast", destination: N1.mac },
  ])("A3: answers a $what request", async ({ destination }) => {
    const frame = arpRequest({ ip: VIP, from: CLIENT, destination });
    expect((await stage.askArp(frame)).map(({ source }) => source)).toEqual([N1.mac]);
  });

  test("A3: does not answer a request that is for another host's MAC address", async () => {
    const frame = arpRequest({ ip: VIP, from: CLIENT, destination: "02:00:00:00:00:55" });
    stage.segment.ip("switch", "link", "set", "port-n1", "type", "bridge_slave", "flood", "on");
    expect(await stage.askArp(frame)).toEqual([]);
  });

  test("A3: keeps an entry of a Linux client alive that probes whether it is reachable", async () => {
    expect(await stage.client.learn(VIP)).toBe(N1.mac);
    stage.client.setNeighbour(VIP, N1.mac, "probe");
    await vi.waitFor(() => {
      expect(stage.client.neighbour(VIP)).toEqual({ mac: N1.mac, state: "REACHABLE" });
    }, PATIENCE);
  });

  test("A3: satisfies arping, by broadcast and then unicast", () => {
    const output = stage.segment.run("client", "arping", "-c", "2", "-w", "5", "-I", "eth0", VIP);
    expect(output).toContain("Sent 2 probes (1 broadcast(s))");
    expect(output.match(/reply from 192\.0\.2\.20 \[02:00:00:00:00:11\]/g)).toHaveLength(2);
  });

  test("A4: answers a probe from 0.0.0.0, so that nobody takes the address", async () => {
    const probe = arpRequest({ ip: VIP, from: { ip: "0.0.0.0", mac: CLIENT.mac } });
    const [reply] = await stage.askArp(probe);
    expect(reply).toMatchObject({ senderIp: VIP, senderMac: N1.mac, targetIp: "0.0.0.0" });
  });

  test("A4: arping's search for duplicates finds the address in use", () => {
    const words = ["arping", "-D", "-c", "1", "-w", "2", "-I", "eth0", VIP];
    expect(stage.segment.run("client", ...words)).toContain("Received 1 response");
  });

  test.each([
    { what: "from a group MAC address", mac: "03:00:00:00:00:77" },
    { what: "from all hosts", mac: BROADCAST_MAC },
    { what: "from its own MAC address", mac: N1.mac },
  ])("A5: does not answer a request $what", async ({ mac }) => {
    const patchedMac = mac.split(":").map((pair) => Number.parseInt(pair, 16));
    expect(await stage.askArp(patched(REQUEST, AT.senderMac, ...patchedMac))).toEqual([]);
  });

  test("A5: does not take its own announcements for a conflict", async () => {
    await stage.askArp(REQUEST);
    expect(n1.saidOf("conflict")).toEqual([]);
  });

  test("A17: answers a request that is padded to the least length of Ethernet, and longer", async () => {
    const padded = [60, 100, 1_514].map((length) =>
      Uint8Array.of(...REQUEST, ...new Uint8Array(length - REQUEST.length)),
    );
    expect(await stage.askArp(...padded)).toHaveLength(padded.length);
  });

  test("is silent about an address from the moment that it is removed, and about others", async () => {
    await stage.withdraw(n1, ROW);
    const other = arpRequest({ ip: "192.0.2.21", from: CLIENT });
    expect(await stage.askArp(REQUEST, other)).toEqual([]);
    n1.send({ kind: "put", row: ROW });
    await stage.announced(n1, VIP);
    expect(await stage.owners(VIP)).toEqual([N1.mac]);
  });
});
