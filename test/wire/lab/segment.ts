/** A layer-2 segment of network namespaces, for tests with real packets: hosts with `eth0` each, on one switch or cable. */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { withinNamespace } from "#lib/linux/testing/namespace.ts";
import type { Mac } from "#lib/wire/mac.ts";
import { listNamespaces, namespaceFile } from "#test/lab/network-namespace.ts";

const PREFIX = "herald-wire-";
const OWNER = new RegExp(`^${PREFIX}(\\d+)-`);

export interface Host {
  readonly name: string;
  /** In 192.0.2.0/24. */
  readonly ip: string;
  /** In 2001:db8::/64. */
  readonly ip6: string;
  readonly linkLocal: string;
  readonly mac: Mac;
}

/** @param number two digits, with which its addresses end */
export function hostOf(name: string, number: number): Host {
  return {
    name,
    ip: `192.0.2.${number}`,
    ip6: `2001:db8::${number}`,
    linkLocal: `fe80::ff:fe00:${number}`,
    mac: `02:00:00:00:00:${number}`,
  };
}

let segmentsOfThisProcess = 0;

export class Segment implements Disposable {
  readonly #prefix = `${PREFIX}${process.pid}-${segmentsOfThisProcess++}-`;

  /** Removes what a run has left that was killed, and then lays out the hosts on one switch; needs root. */
  constructor(hosts: readonly Host[]) {
    removeDead();
    const bridge = this.#add("switch");
    ip("-n", bridge, "link", "add", "br0", "up", "type", "bridge", "mcast_snooping", "0");
    for (const host of hosts) {
      this.#add(host.name);
      this.plug(host);
    }
  }

  /** Adds two hosts with a cable between them, and no switch that takes time of the processor. */
  addPair(left: Host, right: Host): void {
    const [end, otherEnd] = [left, right].map(({ name, mac }) => {
      return ["eth0", "netns", this.#add(name), "address", mac];
    });
    ip("link", "add", ...(end ?? []), "type", "veth", "peer", "name", ...(otherEnd ?? []));
    this.#configure(left);
    this.#configure(right);
  }

  /** Gives the host its `eth0`, as at the beginning and after `unplug`. */
  plug(host: Host): void {
    const { name, mac } = host;
    const bridge = this.namespaceOf("switch");
    const end = ["eth0", "netns", this.namespaceOf(name), "address", mac];
    ip("link", "add", ...end, "type", "veth", "peer", "name", `port-${name}`, "netns", bridge);
    ip("-n", bridge, "link", "set", `port-${name}`, "master", "br0", "up");
    this.#configure(host);
  }

  /** Takes the host's `eth0` away, as when a network card is pulled out. */
  unplug(host: string): void {
    this.ip(host, "link", "delete", "eth0");
  }

  namespaceOf(host: string): string {
    return `${this.#prefix}${host}`;
  }

  /** Runs `ip` in a host's namespace, or in that of the `switch`, whose ports are `port-<host>`. */
  ip(host: string, ...words: readonly string[]): string {
    return ip("-n", this.namespaceOf(host), ...words);
  }

  /** Runs a command in a host's namespace, and gives what it wrote, whether or not it exits with 0. */
  run(host: string, ...words: readonly string[]): string {
    const command = ["netns", "exec", this.namespaceOf(host), ...words];
    try {
      return execFileSync("ip", command, { encoding: "utf8", stdio: "pipe" });
    } catch (error) {
      if (error instanceof Error && "stdout" in error) {
        return String(error.stdout);
      }
      throw error;
    }
  }

  /** @param path below /proc/sys/net */
  setSysctl(host: string, path: string, value: number): void {
    this.within(host, () => writeFileSync(`/proc/sys/net/${path}`, String(value)));
  }

  /** @param file below /proc/net */
  readProcNet(host: string, file: string): string {
    return this.within(host, () => readFileSync(`/proc/thread-self/net/${file}`, "utf8"));
  }

  indexOf(host: string, link = "eth0"): number {
    return Number(/^\d+/.exec(this.ip(host, "-o", "link", "show", link))?.[0]);
  }

  /** Calls the function with this thread in a host's namespace: sockets that it opens stay there. */
  within<T>(host: string, open: () => T): T {
    return withinNamespace(namespaceFile(this.namespaceOf(host)), open);
  }

  [Symbol.dispose](): void {
    remove((namespace) => namespace.startsWith(this.#prefix));
  }

  #configure({ name, ip: ip4, ip6 }: Host): void {
    this.ip(name, "link", "set", "lo", "up");
    this.ip(name, "link", "set", "eth0", "up");
    this.ip(name, "address", "add", `${ip4}/24`, "dev", "eth0");
    this.ip(name, "address", "add", `${ip6}/64`, "dev", "eth0", "nodad");
  }

  /** A namespace in which no address waits for its DAD, so that tests need not either. */
  #add(name: string): string {
    const namespace = this.namespaceOf(name);
    ip("netns", "add", namespace);
    for (const scope of ["all", "default"]) {
      this.setSysctl(name, `ipv6/conf/${scope}/accept_dad`, 0);
      this.setSysctl(name, `ipv6/conf/${scope}/dad_transmits`, 0);
    }
    return namespace;
  }
}

function removeDead(): void {
  remove((namespace) => {
    const pid = OWNER.exec(namespace)?.[1];
    return pid !== undefined && !existsSync(`/proc/${pid}`);
  });
}

function remove(isMeant: (namespace: string) => boolean): void {
  for (const namespace of listNamespaces().filter(isMeant)) {
    ip("netns", "delete", namespace);
  }
}

function ip(...words: readonly string[]): string {
  return execFileSync("ip", words, { encoding: "utf8" });
}
