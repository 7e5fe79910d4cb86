import { groupOf, type Holder } from "./holder.ts";

/** Why a Service cannot have an address beside those that hold it. */
export type Obstacle =
  | { readonly kind: "no consent"; readonly other: Holder }
  | { readonly kind: "port taken"; readonly other: string; readonly port: string };

/** Who holds one address. */
export class Holding {
  readonly #holders = new Map<string, Holder>();
  /** Service by port. */
  readonly #ports = new Map<string, string>();

  get isEmpty(): boolean {
    return this.#holders.size === 0;
  }

  services(): readonly string[] {
    return [...this.#holders.keys()];
  }

  /** Undefined when the Service may hold the address, alone or beside the others; what it holds itself does not count. */
  obstacleFor(holder: Holder): Obstacle | undefined {
    const other = this.#anyoneBut(holder.service);
    if (other === undefined) {
      return undefined;
    }
    // Several holders are of one group, so one of them speaks for all.
    const group = groupOf(holder);
    if (group === undefined || groupOf(other) !== group) {
      return { kind: "no consent", other };
    }
    for (const port of holder.ports) {
      const user = this.#ports.get(port);
      if (user !== undefined && user !== holder.service) {
        return { kind: "port taken", other: user, port };
      }
    }
    return undefined;
  }

  add(holder: Holder): void {
    this.#holders.set(holder.service, holder);
    for (const port of holder.ports) {
      this.#ports.set(port, holder.service);
    }
  }

  remove(holder: Holder): void {
    this.#holders.delete(holder.service);
    for (const port of holder.ports) {
      this.#ports.delete(port);
    }
  }

  #anyoneBut(service: string): Holder | undefined {
    for (const holder of this.#holders.values()) {
      if (holder.service !== service) {
        return holder;
      }
    }
    return undefined;
  }
}
