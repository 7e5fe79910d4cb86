import { groupOf, type Holder } from "./holder.ts";

/** Why a Service cannot have an address beside those that hold it. */
export type Obstacle =
  | { readonly kind: "no consent"; readonly other: Holder }
  | { readonly kind: "port taken"; readonly other: string; readonly port: string };

/** Who holds one address. */
export class Holding {
  readonly #holders: Holder[] = [];
  /** Service by port; most addresses have one holder, and do without. */
  #ports: Map<string, string> | undefined;

  get isEmpty(): boolean {
    return this.#holders.length === 0;
  }

  isHeldBy(service: string): boolean {
    return this.#holders.some((holder) => holder.service === service);
  }

  isHeldByOtherThan(service: string): boolean {
    return this.#anyoneBut(service) !== undefined;
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
    const ports = this.#portsOfAll();
    for (const port of holder.ports) {
      const user = ports.get(port);
      if (user !== undefined && user !== holder.service) {
        return { kind: "port taken", other: user, port };
      }
    }
    return undefined;
  }

  add(holder: Holder): void {
    this.#holders.push(holder);
    for (const port of holder.ports) {
      this.#ports?.set(port, holder.service);
    }
  }

  remove(holder: Holder): void {
    const index = this.#holders.findIndex(({ service }) => service === holder.service);
    this.#holders.splice(index, index < 0 ? 0 : 1);
    for (const port of holder.ports) {
      this.#ports?.delete(port);
    }
  }

  /** Of two holders one at most is the Service itself. */
  #anyoneBut(service: string): Holder | undefined {
    return this.#holders.find((holder) => holder.service !== service);
  }

  #portsOfAll(): ReadonlyMap<string, string> {
    this.#ports ??= new Map(
      this.#holders.flatMap(({ service, ports }) => ports.map((port) => [port, service] as const)),
    );
    return this.#ports;
  }
}
