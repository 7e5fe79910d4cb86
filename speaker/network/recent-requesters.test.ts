import { describe, expect, test } from "vitest";
import { formatIp, type Ip, parseIp } from "#lib/address/ip.ts";
import { macToBytes } from "#lib/wire/mac.ts";
import { type HeardAddress, newHeardAddress, Stance } from "./heard-address.ts";
import { RecentRequesters } from "./recent-requesters.ts";

const WEB = newHeardAddress("192.0.2.10", Stance.listen);
const API = newHeardAddress("192.0.2.11", Stance.listen);
const WEB_V6 = newHeardAddress("2001:db8::10", Stance.listen);
const ALL = new Set([WEB, API, WEB_V6]);

const CLIENT = "192.0.2.77";
const MAC = "02:00:00:00:01:00";
const OTHER_MAC = "02:00:00:00:01:01";

const IP_AT = 3;
const MAC_AT = 19;

/** Notes a request whose frame has nothing but the requester in it. */
function note(
  requesters: RecentRequesters,
  address: HeardAddress,
  from: string,
  mac: string,
  now: number,
): void {
  const { family, value } = parseIp(from);
  const frame = new DataView(new ArrayBuffer(32));
  const ipLength = family === "IPv4" ? 4 : 16;
  for (let index = 0; index < ipLength; index++) {
    const shift = BigInt(8 * (ipLength - 1 - index));
    frame.setUint8(IP_AT + index, Number((value >> shift) & 0xffn));
  }
  new Uint8Array(frame.buffer).set(macToBytes(mac), MAC_AT);
  requesters.note(address, frame, IP_AT, ipLength, MAC_AT, now);
}

function clientOf(index: number): string {
  const ip: Ip = { family: "IPv4", value: 0xc633_6400n + BigInt(index) };
  return formatIp(ip);
}

/** What is known, as text. */
function known(requesters: RecentRequesters, addresses: ReadonlySet<HeardAddress> = ALL): string[] {
  return requesters
    .of(addresses)
    .map(({ address, ip, mac, at }) => `${address.ip} by ${formatIp(ip)} ${mac} at ${at}`);
}

test("knows who asked for what, the most recent first", () => {
  const requesters = new RecentRequesters();
  note(requesters, WEB, CLIENT, MAC, 1);
  note(requesters, WEB_V6, "2001:db8::77", MAC, 2);
  note(requesters, API, CLIENT, MAC, 3);
  note(requesters, WEB, "192.0.2.78", OTHER_MAC, 4);
  expect(known(requesters)).toEqual([
    `192.0.2.10 by 192.0.2.78 ${OTHER_MAC} at 4`,
    `192.0.2.11 by ${CLIENT} ${MAC} at 3`,
    `2001:db8::10 by 2001:db8::77 ${MAC} at 2`,
    `192.0.2.10 by ${CLIENT} ${MAC} at 1`,
  ]);
});

test("gives those of the addresses only that it is asked for", () => {
  const requesters = new RecentRequesters();
  note(requesters, WEB, CLIENT, MAC, 1);
  note(requesters, API, CLIENT, MAC, 2);
  expect(known(requesters, new Set([API]))).toEqual([`192.0.2.11 by ${CLIENT} ${MAC} at 2`]);
  expect(known(requesters, new Set())).toEqual([]);
});

test("keeps of each requester the last time, and the MAC address that it had then", () => {
  const requesters = new RecentRequesters();
  note(requesters, WEB, CLIENT, MAC, 1);
  note(requesters, WEB, CLIENT, OTHER_MAC, 2);
  expect(known(requesters)).toEqual([`192.0.2.10 by ${CLIENT} ${OTHER_MAC} at 2`]);
});

test.each([
  [WEB, "0.0.0.0"],
  [WEB_V6, "::"],
])("does not take a probe for $0.ip, from $1, for a request", (address, from) => {
  const requesters = new RecentRequesters();
  note(requesters, address, from, MAC, 1);
  expect(known(requesters)).toEqual([]);
});

test("forgets who asked for an address that is not heard of any more", () => {
  const requesters = new RecentRequesters();
  note(requesters, WEB, CLIENT, MAC, 1);
  note(requesters, API, CLIENT, MAC, 2);
  const again = newHeardAddress(WEB.ip, Stance.listen);
  expect(known(requesters, new Set([again, API]))).toEqual([`192.0.2.11 by ${CLIENT} ${MAC} at 2`]);
  note(requesters, again, "192.0.2.78", MAC, 3);
  expect(known(requesters, new Set([again]))).toEqual([`192.0.2.10 by 192.0.2.78 ${MAC} at 3`]);
});

describe("when more ask than it has room for", () => {
  test("keeps most of the last thousand, and none that is older than the last ten thousand", () => {
    const requesters = new RecentRequesters();
    for (let index = 0; index < 50_000; index++) {
      note(requesters, WEB, clientOf(index), MAC, index);
    }
    const times = requesters.of(ALL).map(({ at }) => at);
    expect(times).toHaveLength(1_024);
    expect(times.filter((at) => at >= 49_000).length).toBeGreaterThan(750);
    expect(Math.min(...times)).toBeGreaterThan(40_000);
  });

  test("a router that asks for ten thousand addresses is known for most of the last thousand", () => {
    const requesters = new RecentRequesters();
    const addresses = Array.from({ length: 10_000 }, (_, index) =>
      newHeardAddress(clientOf(index), Stance.listen),
    );
    addresses.forEach((address, index) => {
      note(requesters, address, "192.0.2.1", MAC, index);
    });
    const recent = requesters.of(new Set(addresses.slice(-1_000)));
    expect(recent.length).toBeGreaterThan(750);
  });
});
