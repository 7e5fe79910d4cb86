import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { LinkSocket } from "./link-socket.ts";
import type { Link } from "./netlink.ts";
import { PollSet } from "./poll-set.ts";

/** Reads until the kernel has named all links. */
function allLinks(): readonly Link[] {
  const socket = LinkSocket.open();
  const poll = new PollSet();
  const links: Link[] = [];
  let isDone = false;
  poll.watch(socket.descriptor, () => {
    for (const event of [socket.read()].flatMap((read) => (typeof read === "string" ? [] : read))) {
      isDone ||= event.kind === "done";
      links.push(...(event.kind === "link" ? [event.link] : []));
    }
  });
  socket.requestAll();
  while (!isDone) {
    poll.wait(5_000);
  }
  socket.close();
  return links;
}

test("names the links of this machine, with the addresses that Node reads elsewhere", () => {
  const links = allLinks();
  expect(links.find(({ name }) => name === "lo")).toMatchObject({
    loopback: true,
    enslaved: false,
  });
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    expect(addresses.map(({ mac }) => mac)).toContain(
      links.find((link) => link.name === name)?.mac,
    );
  }
});
