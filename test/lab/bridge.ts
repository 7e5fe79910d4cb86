/** One of the two networks of a lab, seen as its switch: cables are pulled and put back here. */

import type { LinkName } from "./address-plan.ts";
import { inNamespace } from "./network-namespace.ts";
import { run } from "./run.ts";

export class Bridge {
  /** The namespace that holds the bridge; a port of it is named by `Bridge.portOf`. */
  readonly namespace: string;
  readonly name: LinkName;

  constructor(namespace: string, name: LinkName) {
    this.namespace = namespace;
    this.name = name;
  }

  /** The switch's end of a host's cable (15 characters at most), where nftables (families bridge and netdev) can drop what passes. */
  static portOf(network: LinkName, host: string): string {
    return `${network === "lan" ? "lan" : "mg"}-${host}`;
  }

  portOf(host: string): string {
    return Bridge.portOf(this.name, host);
  }

  /** Pulls the host's cable somewhere beyond its own link: the host's carrier stays up. */
  async unplug(host: string): Promise<void> {
    await this.exec("ip", ["link", "set", this.portOf(host), "nomaster"]);
  }

  async plug(host: string): Promise<void> {
    await this.exec("ip", ["link", "set", this.portOf(host), "master", this.name]);
  }

  /** Takes the host's carrier away, or gives it back, as pulling the cable at its own end does. */
  async setCarrier(host: string, state: "up" | "down"): Promise<void> {
    await this.exec("ip", ["link", "set", this.portOf(host), state]);
  }

  /** Runs a command in the namespace of the switch. */
  exec(command: string, args: readonly string[], input = ""): Promise<string> {
    return run(...inNamespace(this.namespace, command, args), { input });
  }
}
