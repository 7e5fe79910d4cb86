/**
 * A client of the LAN that wants one address after the other: asks by ARP every 2 ms, and says when it was answered.
 * Usage: main.ts LINK ADDRESS_OF_THE_CLIENT ADDRESS… Each line that it prints is a JSON object.
 */

import { readFileSync, writeSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { formatIp, type Ip, parseIp } from "#lib/address/ip.ts";
import { arpFilter, MAX_INTERVALS } from "#lib/linux/address-filter.ts";
import { FRAME_STRIDE, FrameBatch } from "#lib/linux/frame-batch.ts";
import { PacketSocket } from "#lib/linux/packet-socket.ts";
import { PollSet } from "#lib/linux/poll-set.ts";
import { wallClock } from "#lib/log/wall-clock.ts";
import { type ArpPacket, formatArp, Operation, parseArp } from "#lib/wire/arp.ts";
import { EtherType, formatEthernet, parseEthernet } from "#lib/wire/ethernet.ts";
import { BROADCAST_MAC, ZERO_MAC } from "#lib/wire/mac.ts";

const ASK_EVERY_MS = 2;

const [, , link = "", ownAddress = "", ...addresses] = process.argv;
const own = { ip: parseIp(ownAddress), mac: ofLink("address") };
const wanted = addresses.map(parseIp);
const clock = wallClock();

const socket = PacketSocket.open(
  { name: link, index: Number(ofLink("ifindex")) },
  {
    etherType: EtherType.arp,
    filter: arpFilter(
      wanted.map(({ value }) => Number(value)),
      MAX_INTERVALS,
    ),
  },
);
const requests = new FrameBatch();
const replies = new FrameBatch();
const poll = new PollSet();
let answered: ArpPacket | undefined;
poll.watch(socket.descriptor, () => {
  answered = answerAmong(replies.receive(socket.descriptor)) ?? answered;
});

// A client on the LAN does not share its processors with the cluster.
setPriority(constants.priority.PRIORITY_HIGHEST);
say({ asking: addresses.length });
for (const ip of wanted) {
  say({ ip: formatIp(ip), atMs: askFor(ip) });
}

/** Asks until there is an answer, and returns when it came. */
function askFor(ip: Ip): number {
  const frame = request(ip);
  new Uint8Array(requests.frames.buffer).set(frame);
  let askAt = performance.now();
  for (;;) {
    const now = performance.now();
    if (now >= askAt) {
      askAt = now + ASK_EVERY_MS;
      requests.send(socket.descriptor, 1, frame.length);
    }
    poll.wait(Math.ceil(askAt - now));
    if (answered?.senderIp.value === ip.value) {
      return clock();
    }
  }
}

/** The last answer to us; what is announced to everybody is none. */
function answerAmong(count: number): ArpPacket | undefined {
  return Array.from({ length: count }, (_, index) => {
    const start = index * FRAME_STRIDE;
    const length = Math.min(replies.length(index), FRAME_STRIDE);
    const frame = new Uint8Array(replies.frames.buffer, start, length);
    return parseArp(parseEthernet(frame).payload);
  }).findLast(
    ({ operation, targetIp }) => operation === Operation.reply && targetIp.value === own.ip.value,
  );
}

function request(ip: Ip): Uint8Array {
  const payload = formatArp({
    operation: Operation.request,
    senderMac: own.mac,
    senderIp: own.ip,
    targetMac: ZERO_MAC,
    targetIp: ip,
  });
  const header = { destination: BROADCAST_MAC, source: own.mac, etherType: EtherType.arp };
  return formatEthernet({ ...header, payload });
}

function ofLink(file: string): string {
  return readFileSync(`/sys/class/net/${link}/${file}`, "utf8").trim();
}

function say(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}
