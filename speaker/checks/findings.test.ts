import { expect, test } from "vitest";
import type { CheckedLink, Facts } from "./facts.ts";
import { findings } from "./findings.ts";

/** As it should be on a node of two links. */
const FACTS: Facts = {
  node: "n1",
  links: [link("eth0"), link("eth1")],
  kernelAddresses: [],
  defaultLink: "eth0",
};

function link(name: string, more: Partial<CheckedLink> = {}): CheckedLink {
  return {
    name,
    arpIgnore: 1,
    arpAnnounce: 2,
    rpFilter: 2,
    isWireless: false,
    isPromiscuous: false,
    ...more,
  };
}

const onIpvs = (...ips: string[]) => ips.map((ip) => ({ ip, on: "kube-ipvs0" }));
const IPVS = onIpvs("192.0.2.10", "192.0.2.11");
const MEND =
  "set ipvs.strictARP: true in the configuration of kube-proxy, or the sysctls net.ipv4.conf.all.arp_ignore=1 and net.ipv4.conf.all.arp_announce=2";

test.for<{ what: string; facts: Partial<Facts> }>([
  { what: "all is well", facts: {} },
  { what: "IPVS has the addresses and is strict", facts: { kernelAddresses: IPVS } },
  {
    what: "IPVS has IPv6 addresses, which the kernel answers for on their own link alone",
    facts: { kernelAddresses: onIpvs("2001:db8::10"), links: [link("eth0", { arpIgnore: 0 })] },
  },
  {
    what: "nothing is strict, and the kernel has no address of a Service",
    facts: { links: [link("eth0", { arpIgnore: 0, arpAnnounce: 0 })] },
  },
  {
    what: "the link of the default route is strict",
    facts: { links: [link("eth0", { rpFilter: 1 }), link("eth1")] },
  },
  {
    what: "a link is strict and there is no default route",
    facts: { links: [link("eth0"), link("eth1", { rpFilter: 1 })], defaultLink: undefined },
  },
  {
    what: "a link is strict and the default route goes where nothing is answered",
    facts: { links: [link("eth1", { rpFilter: 1 })] },
  },
  {
    what: "a wireless link hears all",
    facts: { links: [link("wlan0", { isWireless: true, isPromiscuous: true })] },
  },
])("finds nothing when $what", ({ facts }) => {
  expect(findings({ ...FACTS, ...facts })).toEqual([]);
});

test.for<{ facts: Partial<Facts>; key: string; message: string }>([
  {
    facts: { links: [] },
    key: "NoAnsweringLink",
    message:
      "No link of n1 can answer: bring one up, or exclude fewer in the file of --exclude-links-file; the speaker's log says at level debug why each cannot",
  },
  {
    facts: { links: [link("eth0", { arpIgnore: 0, arpAnnounce: 0 })], kernelAddresses: IPVS },
    key: "KernelAnswersToo kube-ipvs0",
    message: `The kernel of n1 has addresses of Services on kube-ipvs0 (192.0.2.10, 192.0.2.11) and answers ARP for them on eth0, for arp_ignore is 0 there: ${MEND}`,
  },
  {
    facts: {
      links: [link("eth0", { arpIgnore: 0 }), link("eth1"), link("eth2", { arpIgnore: 0 })],
      kernelAddresses: [...IPVS, ...onIpvs("192.0.2.12", "192.0.2.13", "192.0.2.14")],
    },
    key: "KernelAnswersToo kube-ipvs0",
    message: `The kernel of n1 has addresses of Services on kube-ipvs0 (192.0.2.10, 192.0.2.11, 192.0.2.12 and 2 more) and answers ARP for them on eth0, eth2, for arp_ignore is 0 there: ${MEND}`,
  },
  {
    facts: { links: [link("eth0", { arpAnnounce: 1 })], kernelAddresses: IPVS },
    key: "KernelAsksFromAddress kube-ipvs0",
    message: `The kernel of n1 has addresses of Services on kube-ipvs0 (192.0.2.10, 192.0.2.11) and may ask by ARP from them on eth0, so that others take it for their owner, for arp_announce is less than 2 there: ${MEND}`,
  },
  {
    facts: {
      links: [link("eth0", { arpIgnore: 0 })],
      kernelAddresses: [{ ip: "192.0.2.10", on: "lo" }],
    },
    key: "KernelAnswersToo lo",
    message:
      "The kernel of n1 has addresses of Services on lo (192.0.2.10) and answers ARP for them on eth0, for arp_ignore is 0 there: remove them from lo, or set the sysctls net.ipv4.conf.all.arp_ignore=1 and net.ipv4.conf.all.arp_announce=2",
  },
  {
    facts: { links: [link("eth0"), link("eth1.100", { rpFilter: 1 })] },
    key: "StrictReversePath eth1.100",
    message:
      "n1 answers on eth1.100, and may drop what then comes in there from beyond the subnets of eth1.100, for its rp_filter is 1 and the default route goes by eth0: set the sysctl net.ipv4.conf.eth1/100.rp_filter=2, or name only eth0 in spec.interfaces of the L2Advertisement",
  },
  {
    facts: { links: [link("wlan0", { isWireless: true })] },
    key: "MayMissBroadcasts wlan0",
    message:
      "wlan0 of n1 is wireless, and many such do not hear what is sent to all: if addresses are not found there, start the speaker with --promiscuous-links '^wlan0$'",
  },
])("tells of the node: $message", ({ facts, key, message }) => {
  const [reason] = key.split(" ");
  expect(findings({ ...FACTS, ...facts })).toEqual([{ reason, key, message }]);
});

test("tells of a Service whose address a link has that answers, of either family", () => {
  const kernelAddresses = [
    { ip: "192.0.2.10", on: "eth0" },
    { ip: "2001:db8::10", on: "eth1" },
  ];
  expect(findings({ ...FACTS, kernelAddresses })).toEqual([
    {
      reason: "AddressOnLink",
      key: "AddressOnLink 192.0.2.10 eth0",
      message:
        "192.0.2.10 is an address of eth0 on node n1, whose kernel answers for it whichever node owns it: remove it there, or take it out of its pool by herald-lb.io/exclude",
      ip: "192.0.2.10",
    },
    expect.objectContaining({ key: "AddressOnLink 2001:db8::10 eth1", ip: "2001:db8::10" }),
  ]);
});

test("knows a finding again when it names other addresses", () => {
  const links = [link("eth0", { arpIgnore: 0 })];
  const [before] = findings({ ...FACTS, links, kernelAddresses: IPVS });
  const [after] = findings({ ...FACTS, links, kernelAddresses: IPVS.slice(1) });
  expect(after?.key).toBe(before?.key);
  expect(after?.message).not.toBe(before?.message);
});
