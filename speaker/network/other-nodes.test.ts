import { beforeEach, describe, expect, test } from "vitest";
import { contains, parseRange } from "#lib/address/ip-range.ts";
import type { Mac } from "#lib/wire/mac.ts";
import type { Stance } from "./heard-address.ts";
import { type MeetingLink, OtherNodes } from "./other-nodes.ts";

const VIP = "192.0.2.20";
const VIP6 = "2001:db8::20";
/** One on each link. */
const MACS = ["02:00:00:00:00:11", "02:00:00:00:01:11"] as const;
const FOREIGN_MAC = "02:42:ac:11:00:07";
const NODES_LAN = parseRange("198.51.100.0/24");

class FakeLink implements MeetingLink {
  readonly index: number;
  readonly name: string;
  readonly stances = new Map<string, Stance | undefined>();
  readonly asked: string[] = [];

  constructor(index: number, name: string) {
    this.index = index;
    this.name = name;
  }

  set(ip: string, stance: Stance | undefined): void {
    this.stances.set(ip, stance);
  }

  askKernel(ip: string, mac: Mac): void {
    this.asked.push(`${ip} at ${mac}`);
  }

  defend(): boolean {
    return true;
  }
}

/** On the network of the nodes, and on that of the announced addresses, where no node has an address. */
let eth0: FakeLink;
let eth1: FakeLink;
let addresses: readonly string[];
let macs: readonly Mac[];
/** Times that a MAC address became known. */
let known: number;
let heard: string[];
let others: OtherNodes;

beforeEach(() => {
  eth0 = new FakeLink(2, "eth0");
  eth1 = new FakeLink(3, "eth1");
  addresses = ["198.51.100.1"];
  macs = MACS;
  known = 0;
  heard = [];
  others = new OtherNodes({
    members: () => ({
      directory: {
        addressesOf: () => addresses,
        macsOf: () => macs,
        nodeWith: (mac) => (macs.includes(mac) ? "n1" : undefined),
      },
      watched: ["n1"],
      kernelHeard: (node) => heard.push(`kernel of ${node}`),
      addressHeard: (group, mac) => heard.push(`${group} at ${mac}`),
    }),
    links: () => ({
      answering: [eth0, eth1],
      isInSubnetOf: (index, ip) => index === eth0.index && contains(NODES_LAN, ip),
      neighbourOf: () => undefined,
    }),
    ownership: () => ({
      groupOf: (ip) => ([VIP, VIP6].includes(ip) ? ip : undefined),
      has: (ip) => [VIP, VIP6].includes(ip),
    }),
    macKnown: () => {
      known += 1;
    },
  });
  others.membersChanged();
});

const onLinks = () => [eth0, eth1].map(({ index }) => others.macOn(index, "n1"));
const hear = (ip: string, mac: Mac, { name: link }: FakeLink) => others.heard({ ip, mac, link });

describe("The MAC address of a node on a link", () => {
  test("is not known of several, before anything came from the node", () => {
    expect(onLinks()).toEqual([undefined, undefined]);
  });

  test("is the only one that it has", () => {
    macs = [MACS[1]];
    expect(onLinks()).toEqual([MACS[1], MACS[1]]);
  });

  test("is where its own address was heard", () => {
    expect(hear("198.51.100.1", MACS[0], eth0)).toBe(true);
    expect(onLinks()).toEqual([MACS[0], undefined]);
    expect([known, heard]).toEqual([1, ["kernel of n1"]]);
  });

  test.each([VIP, VIP6])("is where it told %s to be, on the link where it did", (ip) => {
    expect(hear(ip, MACS[1], eth1)).toBe(false);
    hear(ip, MACS[1], eth1);
    expect(onLinks()).toEqual([undefined, MACS[1]]);
    expect([known, heard[0]]).toEqual([1, `${ip} at ${MACS[1]}`]);
    others.ask(ip, "n1");
    expect([eth0.asked, eth1.asked]).toEqual([[], [`${ip} at ${MACS[1]}`]]);
  });

  test("is not known from what a foreign host tells", () => {
    hear(VIP, FOREIGN_MAC, eth1);
    expect(onLinks()).toEqual([undefined, undefined]);
    expect([known, heard]).toEqual([0, []]);
  });

  test("is forgotten with the node", () => {
    hear(VIP, MACS[1], eth1);
    macs = [];
    others.membersChanged();
    macs = MACS;
    expect(onLinks()).toEqual([undefined, undefined]);
  });
});

test("an InternalIP that is no address is passed over", () => {
  addresses = ["node-1.example", "198.51.100.1"];
  others.membersChanged();
  hear("198.51.100.1", MACS[0], eth0);
  expect(onLinks()).toEqual([MACS[0], undefined]);
  others.probe("n1");
  expect(eth0.asked).toEqual([`198.51.100.1 at ${MACS[0]}`]);
});
