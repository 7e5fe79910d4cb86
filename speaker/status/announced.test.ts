import { expect, test } from "vitest";
import { service } from "#lib/api/testing/fixture.ts";
import {
  type Announcement,
  announced,
  announcedPatch,
  noLinkInSubnet,
  noLivingSpeaker,
  noSuchInterface,
  ownerLacksLink,
  partlyHeldByAnother,
} from "./announced.ts";

const IPS = ["192.0.2.10"];

test.each<[Announcement, string, string, string]>([
  [announced(IPS), "True", "Announced", "an eligible node answers for 192.0.2.10"],
  [
    announced([...IPS, "2001:db8::10"]),
    "True",
    "Announced",
    "an eligible node answers for 192.0.2.10 and 2001:db8::10",
  ],
  [
    noLivingSpeaker(IPS, ["n1", "n2", "n3", "n4"]),
    "False",
    "NoLivingSpeaker",
    "No speaker is alive on a node that may announce 192.0.2.10: start one on n1, n2, n3 or another",
  ],
  [
    noLinkInSubnet("192.0.2.10", ["n1", "n2"]),
    "False",
    "NoLinkInSubnet",
    "No living node that may announce 192.0.2.10 has a link whose subnet holds it: give a link of n1, n2 an address of that subnet, or annotate the pool with herald-lb.io/interfaces: all",
  ],
  [
    ownerLacksLink(["2001:db8::10"], "n1"),
    "False",
    "NoLinkInSubnet",
    "n1 owns 2001:db8::10, and none of its links that may answer has a subnet that holds it: give one an address of that subnet, correct spec.interfaces of the L2Advertisement, or annotate the pool with herald-lb.io/interfaces: all",
  ],
  [
    noSuchInterface(IPS, "n1", ["eth8", "eth9"]),
    "False",
    "NoSuchInterface",
    "n1 owns 192.0.2.10, and none of the interfaces eth8, eth9 can answer there: correct spec.interfaces of the L2Advertisement, or bring one of them up",
  ],
  [
    partlyHeldByAnother("192.0.2.11 is also default/api's", IPS),
    "False",
    "AddressHeldByAnother",
    "192.0.2.11 is also default/api's; an eligible node answers for 192.0.2.10 only",
  ],
])("%o", (announcement, status, reason, message) => {
  expect(announcement).toEqual({ status, reason, message });
});

const web = service("default/web", { resourceVersion: "7" });

test("a condition that says something new is written, unless the Service has changed since", () => {
  expect(announcedPatch(web, announced(IPS), "2026-01-02T03:04:05Z")).toEqual({
    metadata: { resourceVersion: "7" },
    status: {
      conditions: [
        {
          type: "herald-lb.io/Announced",
          ...announced(IPS),
          lastTransitionTime: "2026-01-02T03:04:05Z",
        },
      ],
    },
  });
});

test("a condition that says it already is not written again", () => {
  const condition = { type: "herald-lb.io/Announced", ...announced(IPS), lastTransitionTime: "" };
  const told = { ...web, conditions: [condition] };
  expect(announcedPatch(told, announced(IPS), "2026-01-02T03:04:05Z")).toBeUndefined();
});
