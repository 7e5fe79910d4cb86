/** A layer-2 segment of network namespaces, for tests with real packets: one switch, and hosts on it with `eth0` each. */

import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import koffi from "koffi";

const CLONE_NEWNET = 0x4000_0000;
const setns: (descriptor: number, kind: number) => number = koffi
  .load(null)
  .func("int setns(int, int)");

export interface Host {
  readonly name: string;
  /** In 192.0.2.0/24. */
  readonly ip: string;
  readonly mac: string;
}

export class Segment implements Disposable {
  readonly #prefix = `hw-${process.pid}-`;
  readonly #namespaces: string[] = [];

  /** Needs root. */
  constructor(hosts: readonly Host[]) {
    const bridge = this.#add("switch");
    ip("-n", bridge, "link", "add", "br0", "up", "type", "bridge", "mcast_snooping", "0");
    for (const host of hosts) {
      const namespace = this.#add(host.name);
      const end = ["eth0", "netns", namespace, "address", host.mac];
      const port = ["peer", "name", host.name, "netns", bridge];
      ip("link", "add", ...end, "type", "veth", ...port);
      ip("-n", bridge, "link", "set", host.name, "master", "br0", "up");
      ip("-n", namespace, "link", "set", "lo", "up");
      ip("-n", namespace, "link", "set", "eth0", "up");
      ip("-n", namespace, "address", "add", `${host.ip}/24`, "dev", "eth0");
    }
  }

  namespaceOf(host: string): string {
    return `${this.#prefix}${host}`;
  }

  /** Runs `ip` in a host's namespace. */
  ip(host: string, ...words: readonly string[]): string {
    return ip("-n", this.namespaceOf(host), ...words);
  }

  /** Calls the function with this thread in a host's namespace: sockets that it opens stay there. */
  within<T>(host: string, open: () => T): T {
    const here = openSync("/proc/thread-self/ns/net", "r");
    const there = openSync(`/run/netns/${this.namespaceOf(host)}`, "r");
    try {
      setns(there, CLONE_NEWNET);
      return open();
    } finally {
      setns(here, CLONE_NEWNET);
      closeSync(there);
      closeSync(here);
    }
  }

  [Symbol.dispose](): void {
    for (const namespace of this.#namespaces.splice(0)) {
      ip("netns", "delete", namespace);
    }
  }

  #add(name: string): string {
    const namespace = this.namespaceOf(name);
    ip("netns", "add", namespace);
    this.#namespaces.push(namespace);
    return namespace;
  }
}

function ip(...words: readonly string[]): string {
  return execFileSync("ip", words, { encoding: "utf8" });
}
