import { beforeEach, expect, test } from "vitest";
import type { Link } from "#lib/linux/netlink-links.ts";
import type { NetlinkEvent } from "#lib/linux/netlink-socket.ts";
import type { AnsweringLink } from "./link-rules.ts";
import { Links, type Responder } from "./links.ts";

const ETH0: Link = {
  index: 2,
  name: "eth0",
  mac: "02:00:00:00:00:11",
  up: true,
  carrier: true,
  broadcast: true,
  loopback: false,
  noArp: false,
  enslaved: false,
};
const ETH1: Link = { ...ETH0, index: 3, name: "eth1", mac: "02:00:00:00:00:12" };

class FakeResponder implements Responder {
  link: AnsweringLink;

  constructor(link: AnsweringLink) {
    this.link = link;
  }

  get mac(): string {
    return this.link.mac;
  }

  update(link: AnsweringLink): void {
    this.link = link;
  }
}

let journal: string[];
let links: Links<FakeResponder>;

beforeEach(() => {
  journal = [];
  const note = (level: string) => (message: string, fields?: object) => {
    journal.push(`${level}: ${message} ${Object.values(fields ?? {}).join(" ")}`);
  };
  links = new Links(
    [/^veth/],
    {
      open: (link) => {
        journal.push(`open ${link.name}`);
        return new FakeResponder(link);
      },
      close: ({ link }) => {
        journal.push(`close ${link.name}`);
      },
    },
    { debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") },
  );
});

function tell(...events: readonly NetlinkEvent[]): void {
  for (const event of events) {
    links.take(event);
  }
}

const is = (link: Link): NetlinkEvent => ({ kind: "link", link });
const names = () => links.answering.map(({ link }) => link.name);

test("opens each link that can answer, once", () => {
  tell(is(ETH0), is(ETH1), is({ ...ETH1, index: 4, name: "veth1" }), { kind: "done" });
  tell(is(ETH0));
  expect(names()).toEqual(["eth0", "eth1"]);
  expect(journal).toEqual([
    "open eth0",
    "info: link can answer eth0 02:00:00:00:00:11",
    "open eth1",
    "info: link can answer eth1 02:00:00:00:00:12",
    "debug: link cannot answer veth1 its name matches ^veth, which is excluded",
  ]);
});

test("closes a link that goes down, and opens it again when it is back", () => {
  tell(is(ETH0));
  tell(is({ ...ETH0, up: false }));
  tell(is({ ...ETH0, up: false }));
  expect(names()).toEqual([]);
  tell(is(ETH0));
  expect(names()).toEqual(["eth0"]);
  expect(journal.slice(2)).toEqual([
    "close eth0",
    "info: link cannot answer eth0 it is down",
    "open eth0",
    "info: link can answer eth0 02:00:00:00:00:11",
  ]);
});

test("closes a link that vanishes", () => {
  tell(is(ETH0));
  tell({ kind: "unlink", index: ETH0.index }, { kind: "unlink", index: 99 });
  expect(names()).toEqual([]);
  expect(journal.slice(2)).toEqual(["close eth0", "info: link cannot answer eth0 it is gone"]);
});

test("hands a changed MAC address on", () => {
  tell(is(ETH0));
  tell(is({ ...ETH0, mac: "02:00:00:00:00:22" }));
  expect(links.answering.map(({ mac }) => mac)).toEqual(["02:00:00:00:00:22"]);
  expect(links.hasMac("02:00:00:00:00:22")).toBe(true);
  expect(links.hasMac("02:00:00:00:00:11")).toBe(false);
});

test("opens a link anew that has another name, for rows name links", () => {
  tell(is(ETH0));
  tell(is({ ...ETH0, name: "lan0" }));
  expect(names()).toEqual(["lan0"]);
  expect(journal.slice(2, 4)).toEqual(["close eth0", "open lan0"]);
});

test("forgets the links that a complete dump does not name", () => {
  tell({ kind: "dump" }, is(ETH0), is(ETH1), { kind: "done" });
  tell({ kind: "dump" }, is(ETH1));
  expect(names()).toEqual(["eth0", "eth1"]);
  tell({ kind: "done" });
  expect(names()).toEqual(["eth1"]);
});

test("knows the MAC addresses of links that cannot answer too", () => {
  tell(is({ ...ETH0, enslaved: true }));
  expect(links.hasMac(ETH0.mac ?? "")).toBe(true);
});

test("closes all at the end", () => {
  tell(is(ETH0), is(ETH1));
  links.closeAll();
  expect(names()).toEqual([]);
  expect(journal.slice(-2)).toEqual(["close eth0", "close eth1"]);
});
