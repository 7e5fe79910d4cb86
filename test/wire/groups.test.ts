import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Ip, parseIp } from "#lib/address/ip.ts";
import { multicastMac, solicitedNodeGroup } from "#lib/wire/ndp.ts";
import type { Row } from "#speaker/network/messages.ts";
import { solicitation } from "./lab/frames.ts";
import type { SpeakerHandle } from "./lab/speaker-handle.ts";
import { CLIENT, N1, N2, PATIENCE, ROW, Stage, VIP6, whyNoWire } from "./lab/stage.ts";

/** Of the same group as VIP6. */
const COUSIN = "2001:db8::1:0:20";
const COUSIN_ROW: Row = { service: "default/cousin", ips: [COUSIN], order: ["n1", "n2"] };

const HOP_BY_HOP = 0;
const MLD_REPORT = 143;
/** Behind an Ethernet header, an IPv6 header and a router alert option. */
const AT = { nextHeader: 20, type: 62, records: 70 } as const;

const why = whyNoWire();

/** As /proc/net/igmp6 has it. */
function hexOf(group: Ip): string {
  return group.value.toString(16).padStart(32, "0");
}

const GROUP = hexOf(solicitedNodeGroup(parseIp(VIP6)));

describe.skipIf(why)(`The solicited-node group of an IPv6 address ${why ?? ""}`, () => {
  let stage: Stage;
  let n1: SpeakerHandle;

  /** The groups of the link. */
  const joined = (host: string): readonly string[] =>
    stage.segment
      .readProcNet(host, "igmp6")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .flatMap(([, link, group]) => (link === "eth0" && group !== undefined ? [group] : []));

  /** The groups that MLDv2 reports on the wire have named, RFC 3810 §5.2. */
  const reported = (): string =>
    stage.tap
      .heard()
      .filter(
        ({ bytes, direction }) =>
          direction === "in" &&
          bytes[AT.nextHeader] === HOP_BY_HOP &&
          bytes[AT.type] === MLD_REPORT,
      )
      .map(({ bytes }) => Buffer.from(bytes.subarray(AT.records)).toString("hex"))
      .join(" ");

  beforeAll(async () => {
    stage = new Stage();
    n1 = await stage.start(N1);
    await stage.announced(n1, VIP6);
  });

  afterAll(() => stage[Symbol.asyncDispose]());

  test("N1: is joined by the owner, and by a node that may be it next", async () => {
    expect(joined("n1")).toContain(GROUP);
    const n2 = await stage.start(N2);
    await vi.waitFor(() => expect(joined("n2")).toContain(GROUP), PATIENCE);
    await n2.stop();
    expect(joined("n2")).not.toContain(GROUP);
  });

  test("N1: is left with the last address of the group", async () => {
    n1.send({ kind: "put", row: COUSIN_ROW });
    await stage.announced(n1, COUSIN);
    await stage.withdraw(n1, ROW);
    expect(joined("n1")).toContain(GROUP);
    n1.send({ kind: "remove", service: COUSIN_ROW.service });
    await vi.waitFor(() => expect(joined("n1")).not.toContain(GROUP), PATIENCE);
    n1.said.length = 0;
    n1.send({ kind: "put", row: ROW });
    await stage.announced(n1, VIP6);
    expect(joined("n1")).toContain(GROUP);
  });

  test("N1: is joined by its Ethernet address too, so that the network card passes it", () => {
    const mac = multicastMac(solicitedNodeGroup(parseIp(VIP6)));
    expect(stage.segment.ip("n1", "maddress", "show", "dev", "eth0")).toContain(mac);
  });

  test("N1: is reported again on the wire after the link was down", async () => {
    stage.segment.ip("n1", "link", "set", "eth0", "down");
    stage.tap.forget();
    stage.segment.ip("n1", "link", "set", "eth0", "up");
    await vi.waitFor(() => expect(reported()).toContain(GROUP), PATIENCE);
    expect(joined("n1")).toContain(GROUP);
  });

  test("N1: is joined again after the link was taken away and made anew", async () => {
    stage.segment.unplug("n1");
    stage.tap.forget();
    stage.segment.plug(N1);
    await vi.waitFor(() => expect(joined("n1")).toContain(GROUP), PATIENCE);
    await vi.waitFor(() => expect(reported()).toContain(GROUP), PATIENCE);
  });

  test("N1: is passed by a switch that looks at MLD, after a flap too", async () => {
    stage.segment.ip("switch", "link", "set", "br0", "type", "bridge", "mcast_snooping", "1");
    stage.segment.ip("switch", "link", "set", "br0", "type", "bridge", "mcast_querier", "1");
    stage.segment.ip("n1", "link", "set", "eth0", "down");
    stage.segment.ip("n1", "link", "set", "eth0", "up");
    const ask = async () => await stage.askNdp(solicitation({ ip: VIP6, from: CLIENT }));
    await vi.waitFor(async () => expect(await ask()).toHaveLength(1), PATIENCE);
    stage.segment.ip("switch", "link", "set", "br0", "type", "bridge", "mcast_querier", "0");
    stage.segment.ip("switch", "link", "set", "br0", "type", "bridge", "mcast_snooping", "0");
  });
});

describe.skipIf(why)(`A kernel that gives a socket little memory ${why ?? ""}`, () => {
  const COUNT = 1_000;
  const MAX_OPTMEM = 20_480;
  // no two share a group, and no two are neighbours, so that no range covers them
  const ips = Array.from({ length: COUNT }, (_, index) => [
    `2001:db8::${(0x2_0000 + index * 17).toString(16).replace(/(?=.{4}$)/, ":")}`,
    `198.51.${(index * 7) >> 6}.${(index * 29) & 255}`,
  ]);
  const rows = ips.map((both, index): Row => {
    return { service: `default/web-${index}`, ips: [...new Set(both)], order: ["n1"] };
  });

  test("N1: has the groups of a thousand addresses joined by as many sockets as that needs", async () => {
    await using stage = new Stage();
    stage.segment.setSysctl("n1", "core/optmem_max", MAX_OPTMEM);
    const n1 = await stage.start(N1, { rows, announceRate: 0 });
    const groups = () => stage.segment.readProcNet("n1", "igmp6");
    const wanted = ips.map(([ip = ""]) => hexOf(solicitedNodeGroup(parseIp(ip))));
    await vi.waitFor(() => {
      const now = groups();
      expect(wanted.filter((group) => !now.includes(group))).toEqual([]);
    }, PATIENCE);
    const [last = ""] = ips.at(-1) ?? [];
    await vi.waitFor(async () => expect(await stage.owners(last)).toEqual([N1.mac]), PATIENCE);
    expect(n1.saidOf("log").filter(({ message }) => message.includes("multicast"))).toEqual([]);
  });
});
