/** What the switch of a lab drops, by nftables: loss, one-way links, filtered ports, and a segment in two halves. */

import type { Bridge } from "#test/lab/bridge.ts";
import { MissingModuleError } from "./missing-module.ts";

const TABLE = "table bridge faults";

/** What nft says of a family or an expression that the kernel has not. */
const NO_SUCH_TABLE = /not supported|No such file/;

/** On the cables of these hosts alone when there are any, in both directions. */
export interface LossOptions {
  readonly percent: number;
  readonly hosts?: readonly string[];
}

export class SwitchFilter {
  readonly #bridge: Bridge;
  /** In force always. */
  readonly #steady: readonly string[];
  #isEmpty = true;

  /** @param lossPercent of all that passes, whatever else is done */
  constructor(bridge: Bridge, lossPercent: number) {
    this.#bridge = bridge;
    this.#steady = lossPercent === 0 ? [] : [loss(lossPercent)];
  }

  /** Loses packets at random, each on its own. */
  async lose({ percent, hosts = [] }: LossOptions): Promise<void> {
    const ends = ["iifname", "oifname"].map((end) => `${end} ${this.#ports(hosts)} `);
    await this.#drop((hosts.length === 0 ? [""] : ends).map((end) => end + loss(percent)));
  }

  /** Lets the host speak, and hear nothing. */
  async deafen(host: string): Promise<void> {
    await this.#drop([`oifname ${this.#ports([host])} drop`]);
  }

  /** Filters a UDP port between these hosts, as a firewall does. */
  async closeUdpPort(port: number, hosts: readonly string[]): Promise<void> {
    await this.#drop(
      ["ip", "ip6"].map(
        (protocol) =>
          `iifname ${this.#ports(hosts)} oifname ${this.#ports(hosts)} ether type ${protocol} udp dport ${port} drop`,
      ),
    );
  }

  /** Lets nothing pass between those on one side and those on the other. */
  async split(side: readonly string[], otherSide: readonly string[]): Promise<void> {
    const [one, other] = [this.#ports(side), this.#ports(otherSide)];
    await this.#drop([
      `iifname ${one} oifname ${other} drop`,
      `iifname ${other} oifname ${one} drop`,
    ]);
  }

  /** Drops nothing any more but what it always does. */
  async clear(): Promise<void> {
    if (!(this.#isEmpty && this.#steady.length === 0)) {
      await this.#drop([]);
    }
  }

  /**
   * In place of all that was dropped. To add the table first makes its deletion succeed.
   *
   * @throws {MissingModuleError} when the kernel has no such table
   */
  async #drop(rules: readonly string[]): Promise<void> {
    this.#isEmpty = rules.length === 0;
    const script = [
      `add ${TABLE}`,
      `delete ${TABLE}`,
      `${TABLE} {`,
      "chain forward {",
      "type filter hook forward priority 0; policy accept;",
      ...this.#steady,
      ...rules,
      "}",
      "}",
      "",
    ];
    await this.#bridge.exec("nft", ["--file", "-"], script.join("\n")).catch((error) => {
      if (NO_SUCH_TABLE.test(String(error))) {
        throw new MissingModuleError("nftables for bridges (CONFIG_NF_TABLES_BRIDGE)", error);
      }
      throw error;
    });
  }

  #ports(hosts: readonly string[]): string {
    return `{ ${hosts.map((host) => `"${this.#bridge.portOf(host)}"`).join(", ")} }`;
  }
}

/** Of each packet by itself. */
function loss(percent: number): string {
  return `numgen random mod 1000 < ${Math.round(percent * 10)} drop`;
}
