import { existsSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import {
  arpFilter,
  arpFilterForAny,
  ndpFilter,
  ndpFilterForAny,
} from "#lib/linux/address-filter.ts";
import { BATCH_SIZE, FRAME_STRIDE, FrameBatch } from "#lib/linux/frame-batch.ts";
import { PacketSocket, type PacketSocketOptions } from "#lib/linux/packet-socket.ts";
import { PollSet } from "#lib/linux/poll-set.ts";
import { realtimeNs } from "#lib/linux/realtime-clock.ts";
import { formatArp, Operation } from "#lib/wire/arp.ts";
import { EtherType, formatEthernet } from "#lib/wire/ethernet.ts";
import { BROADCAST_MAC, ZERO_MAC } from "#lib/wire/mac.ts";
import { SocketFilter } from "#speaker/network/socket-filter.ts";
import { hostOf, Segment } from "./lab/segment.ts";

const NODE = hostOf("node", 11);
const CLIENT = hostOf("client", 77);
const OTHER_MAC = "02:00:00:00:00:99";

const VIP = 0xc000_020a;
const MARKER = 0xc000_02fe;
const ARP_TARGET_OFFSET = 38;
const NDP_TARGET_OFFSET = 74;
const SOLICITED_NODE_MAC = "33:33:ff:00:02:0a";

/** IEEE 802.1Q: the identifier of the type, then priority and VLAN. */
const TAG_PROTOCOL = 0x8100;
const MAC_PAIR_LENGTH = 12;

/** What kernels before 6.8 set, for all sockets of the machine. */
const SMALL_OPTMEM_BYTES = 20_480;
/** Room for a filter that looks at no address, and for no other. */
const TINY_OPTMEM_BYTES = 2_048;
const OPTMEM_FILE = "/proc/sys/net/core/optmem_max";

const ARP_FOR_TWO: PacketSocketOptions = {
  etherType: EtherType.arp,
  filter: arpFilter([VIP, MARKER], 2),
};
const NDP_FOR_TWO: PacketSocketOptions = {
  etherType: EtherType.ipv6,
  filter: ndpFilter([VIP, MARKER], 2),
};

const isRoot = process.getuid?.() === 0;

let segment: Segment;
let client: PacketSocket;
const outgoing = new FrameBatch();
const incoming = new FrameBatch();
const poll = new PollSet();

function indexOf(host: string): number {
  const [link] = JSON.parse(segment.ip(host, "-json", "link", "show", "eth0"));
  return link.ifindex;
}

function open(host: string, options: PacketSocketOptions): PacketSocket {
  const link = { index: indexOf(host), name: "eth0" };
  return segment.within(host, () => PacketSocket.open(link, options));
}

/** For the node, until the test is over. */
function listen(options: PacketSocketOptions): PacketSocket {
  const socket = open(NODE.name, options);
  poll.watch(socket.descriptor, () => undefined);
  onTestFinished(() => {
    poll.unwatch(socket.descriptor);
    socket.close();
  });
  return socket;
}

function request(target: number, destination = BROADCAST_MAC, padding = 0): Uint8Array {
  const packet = formatArp({
    operation: Operation.request,
    senderMac: CLIENT.mac,
    senderIp: parseIp(CLIENT.ip),
    targetMac: ZERO_MAC,
    targetIp: { family: "IPv4", value: BigInt(target) },
  });
  const payload = Uint8Array.of(...packet, ...new Uint8Array(padding));
  return formatEthernet({ destination, source: CLIENT.mac, etherType: EtherType.arp, payload });
}

/** As much of a Neighbor Solicitation as the filter looks at. */
function solicitation(target: number, destination = SOLICITED_NODE_MAC): Uint8Array {
  const header = formatEthernet({
    destination,
    source: CLIENT.mac,
    etherType: EtherType.ipv6,
    payload: new Uint8Array(72),
  });
  const frame = new DataView(header.buffer);
  frame.setUint8(14, 0x60);
  frame.setUint16(18, 32);
  frame.setUint8(20, 58);
  frame.setUint8(21, 255);
  frame.setUint8(54, 135);
  frame.setUint32(NDP_TARGET_OFFSET, target);
  return header;
}

/** The frame with the tag of a VLAN. */
function tagged(frame: Uint8Array, vlan: number): Uint8Array {
  const tag = Uint8Array.of(TAG_PROTOCOL >> 8, TAG_PROTOCOL & 0xff, vlan >> 8, vlan & 0xff);
  return Uint8Array.of(
    ...frame.subarray(0, MAC_PAIR_LENGTH),
    ...tag,
    ...frame.subarray(MAC_PAIR_LENGTH),
  );
}

/** Sends the frames from the client. */
function send(...frames: readonly Uint8Array[]): void {
  for (const frame of frames) {
    new Uint8Array(outgoing.frames.buffer).set(frame);
    expect(outgoing.send(client.descriptor, 1, frame.length)).toBe(1);
  }
}

/** The targets of what was heard, up to the marker, which is to be sent last. */
function targetsHeard(socket: PacketSocket, targetOffset: number): readonly number[] {
  const targets: number[] = [];
  while (!targets.includes(MARKER)) {
    poll.wait(5_000);
    const count = incoming.receive(socket.descriptor);
    expect(count, "the marker comes").toBeGreaterThan(0);
    for (let index = 0; index < count; index++) {
      targets.push(incoming.frames.getUint32(index * FRAME_STRIDE + targetOffset));
    }
  }
  return targets.filter((target) => target !== MARKER);
}

function promiscuityOf(host: string): number {
  const [link] = JSON.parse(segment.ip(host, "-json", "-details", "link", "show", "eth0"));
  return link.promiscuity;
}

describe.runIf(isRoot)("a packet socket in a network namespace (needs root)", () => {
  beforeAll(() => {
    segment = new Segment([NODE, CLIENT]);
    client = open(CLIENT.name, { etherType: EtherType.arp, filter: arpFilter([], 1) });
  });

  afterAll(() => {
    client.close();
    segment[Symbol.dispose]();
  });

  test("hears requests for its addresses and no others", () => {
    const socket = listen(ARP_FOR_TWO);
    send(request(VIP), request(VIP + 1), request(VIP, NODE.mac), request(MARKER));
    expect(targetsHeard(socket, ARP_TARGET_OFFSET)).toEqual([VIP, VIP]);
  });

  test("hears solicitations of its addresses and no others", () => {
    const socket = listen(NDP_FOR_TWO);
    send(solicitation(VIP), solicitation(VIP + 1), solicitation(VIP, NODE.mac));
    send(solicitation(MARKER));
    expect(targetsHeard(socket, NDP_TARGET_OFFSET)).toEqual([VIP, VIP]);
  });

  const EITHER = [
    { name: "ARP", options: ARP_FOR_TWO, frameFor: request, offset: ARP_TARGET_OFFSET },
    {
      name: "ARP for any address",
      options: { etherType: EtherType.arp, filter: arpFilterForAny() },
      frameFor: request,
      offset: ARP_TARGET_OFFSET,
    },
    { name: "NDP", options: NDP_FOR_TWO, frameFor: solicitation, offset: NDP_TARGET_OFFSET },
    {
      name: "NDP for any address",
      options: { etherType: EtherType.ipv6, filter: ndpFilterForAny() },
      frameFor: solicitation,
      offset: NDP_TARGET_OFFSET,
    },
  ];

  test.for(EITHER)("does not hear $name with the tag of a VLAN", (row) => {
    const { options, frameFor, offset } = row;
    const socket = listen(options);
    for (const vlan of [1, 5, 4_094]) {
      send(tagged(frameFor(VIP), vlan), tagged(frameFor(VIP, NODE.mac), vlan));
    }
    send(frameFor(MARKER));
    expect(targetsHeard(socket, offset)).toEqual([]);
  });

  test.for(EITHER)("hears $name with a tag that tells a priority only", (row) => {
    const { options, frameFor, offset } = row;
    const socket = listen(options);
    send(tagged(frameFor(VIP), 7 << 13), frameFor(MARKER));
    expect(targetsHeard(socket, offset)).toEqual([VIP]);
  });

  test.for(EITHER)("does not hear $name for another host, even when it is promiscuous", (row) => {
    const { options, frameFor, offset } = row;
    const socket = listen({ ...options, promiscuous: true });
    send(frameFor(VIP, OTHER_MAC), frameFor(MARKER));
    expect(targetsHeard(socket, offset)).toEqual([]);
  });

  test("has the link pass everything for as long as it is open, if it is to be promiscuous", () => {
    const before = promiscuityOf(NODE.name);
    const socket = open(NODE.name, { ...ARP_FOR_TWO, promiscuous: true });
    expect(promiscuityOf(NODE.name)).toBe(before + 1);
    socket.close();
    expect(promiscuityOf(NODE.name)).toBe(before);
  });

  test("does not hear what it sends", () => {
    const socket = listen(ARP_FOR_TWO);
    const frame = request(VIP);
    new Uint8Array(outgoing.frames.buffer).set(frame);
    expect(outgoing.send(socket.descriptor, 1, frame.length)).toBe(1);
    send(request(MARKER));
    expect(targetsHeard(socket, ARP_TARGET_OFFSET)).toEqual([]);
  });

  test("tells how long a frame was of which it keeps the beginning only", () => {
    const socket = listen(ARP_FOR_TWO);
    const padded = request(VIP, BROADCAST_MAC, 1_000);
    send(padded);
    poll.wait(5_000);
    expect(incoming.receive(socket.descriptor)).toBe(1);
    expect(incoming.length(0)).toBe(padded.length);
    expect(new Uint8Array(incoming.frames.buffer, 0, FRAME_STRIDE)).toEqual(
      padded.subarray(0, FRAME_STRIDE),
    );
  });

  test("receives whole frames into a batch by which others were sent", () => {
    const socket = listen(ARP_FOR_TWO);
    const shared = new FrameBatch();
    shared.send(socket.descriptor, 1, 20);
    const padded = request(VIP, BROADCAST_MAC, 18);
    send(padded);
    poll.wait(5_000);
    expect(shared.receive(socket.descriptor)).toBe(1);
    expect(new Uint8Array(shared.frames.buffer, 0, shared.length(0))).toEqual(padded);
  });

  test("tells when the first frame of a batch came, if it is asked to", () => {
    const socket = listen({ ...ARP_FOR_TWO, timestamps: true });
    const before = realtimeNs();
    send(request(VIP));
    poll.wait(5_000);
    expect(incoming.receive(socket.descriptor)).toBe(1);
    const at = incoming.receivedAtNs() ?? 0n;
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(realtimeNs());
    expect(incoming.receive(socket.descriptor)).toBe(0);
    expect(incoming.receivedAtNs()).toBeUndefined();
  });

  test("does not tell when a frame came, if it is not asked to", () => {
    const socket = listen(ARP_FOR_TWO);
    send(request(VIP));
    poll.wait(5_000);
    expect(incoming.receive(socket.descriptor)).toBe(1);
    expect(incoming.receivedAtNs()).toBeUndefined();
  });

  test("counts what the filter passes, and apart from it what finds the queue full", async () => {
    const socket = listen(ARP_FOR_TWO);
    send(request(VIP + 1), request(VIP));
    poll.wait(5_000);
    expect(socket.statistics()).toEqual({ packets: 1, drops: 0 });
    const burst = fill(request(VIP));
    while (socket.statistics().drops === 0) {
      expect(outgoing.send(client.descriptor, BATCH_SIZE, burst)).toBe(BATCH_SIZE);
    }
    const { drops } = socket.statistics();
    let heard = 0;
    const unheard = () => {
      heard += received(socket);
      const { packets, drops: dropped } = socket.statistics();
      return packets - dropped - heard;
    };
    await expect.poll(unheard).toBe(0);
    expect(socket.statistics().drops).toBeGreaterThanOrEqual(drops);
  });

  test("says what is missing when the link is gone", () => {
    const gone = { index: 4_000, name: "eth9" };
    expect(() => segment.within(NODE.name, () => PacketSocket.open(gone, ARP_FOR_TWO))).toThrow(
      "Cannot open a packet socket on eth9: no such device",
    );
  });
});

describe.runIf(isRoot && isOptmemOfNamespace())(
  "a kernel with little room for filters (needs root, and Linux 6.8)",
  () => {
    beforeAll(() => {
      segment = new Segment([NODE, CLIENT]);
      client = open(CLIENT.name, { etherType: EtherType.arp, filter: arpFilter([], 1) });
    });

    afterAll(() => {
      client.close();
      segment[Symbol.dispose]();
    });

    const THOUSAND = Array.from({ length: 1_000 }, (_, index) => VIP + 3 * index + 1_000);

    test.for([
      { optmem: SMALL_OPTMEM_BYTES, warnings: 1, fartherHeard: [] },
      { optmem: TINY_OPTMEM_BYTES, warnings: 2, fartherHeard: [VIP] },
    ])("takes a looser filter in $optmem bytes, and loses no request", (row) => {
      segment.within(NODE.name, () => writeFileSync(OPTMEM_FILE, `${row.optmem}`));
      const socket = listen({ etherType: EtherType.arp, filter: arpFilter([], 1) });
      const warnings: string[] = [];
      const filter = filterOf(socket, [...THOUSAND, MARKER], warnings);
      filter.changed("came");
      filter.tick(0);
      expect(warnings).toHaveLength(row.warnings);
      // no more at a time than fit into the queue of the socket
      for (let start = 0; start < THOUSAND.length; start += 100) {
        const asked = THOUSAND.slice(start, start + 100);
        send(...asked.map((target) => request(target)), request(MARKER));
        expect(targetsHeard(socket, ARP_TARGET_OFFSET)).toEqual(asked);
      }
      send(request(VIP), request(MARKER));
      expect(targetsHeard(socket, ARP_TARGET_OFFSET)).toEqual(row.fartherHeard);
    });

    test("takes an exact filter as soon as there are few addresses", () => {
      segment.within(NODE.name, () => writeFileSync(OPTMEM_FILE, `${SMALL_OPTMEM_BYTES}`));
      const socket = listen({ etherType: EtherType.arp, filter: arpFilter([], 1) });
      const addresses = [...THOUSAND, MARKER];
      const filter = filterOf(socket, addresses, []);
      filter.changed("came");
      filter.tick(0);
      addresses.splice(0, addresses.length - 2);
      filter.changed("went");
      filter.tick(100);
      const [last = 0] = addresses;
      send(request(last), request(last - 1), request(last + 1), request(MARKER));
      expect(targetsHeard(socket, ARP_TARGET_OFFSET)).toEqual([last]);
    });
  },
);

function filterOf(socket: PacketSocket, addresses: readonly number[], warnings: string[]) {
  const ignore = () => undefined;
  const log = {
    debug: ignore,
    info: ignore,
    error: ignore,
    warn: (text: string) => warnings.push(text),
  };
  return new SocketFilter(socket, "eth0", log, (maxIntervals) =>
    maxIntervals === undefined ? arpFilterForAny() : arpFilter(addresses, maxIntervals),
  );
}

/** Puts the frame into every place of the batch, and returns its length. */
function fill(frame: Uint8Array): number {
  for (let index = 0; index < BATCH_SIZE; index++) {
    new Uint8Array(outgoing.frames.buffer).set(frame, index * FRAME_STRIDE);
  }
  return frame.length;
}

/** How many frames waited. */
function received(socket: PacketSocket): number {
  let total = 0;
  for (let count = incoming.receive(socket.descriptor); count > 0; ) {
    total += count;
    count = incoming.receive(socket.descriptor);
  }
  return total;
}

/** Whether each namespace has a limit of its own, so that a test may change it. */
function isOptmemOfNamespace(): boolean {
  if (!isRoot) {
    return false;
  }
  using lonely = new Segment([NODE]);
  return lonely.within(NODE.name, () => existsSync(OPTMEM_FILE));
}
