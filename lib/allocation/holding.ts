import { doShare, groupOf, type Holder } from "./holder.ts";

/** Why a Service cannot have an address beside those that have it. */
export type Obstacle =
  | { readonly kind: "no consent"; readonly other: Holder }
  | { readonly kind: "port taken"; readonly other: string; readonly port: string }
  /** It has lost the address, and its status shows it still. */
  | { readonly kind: "leaving"; readonly other: string };

/** Who has one address: those that hold it, who all share it, and those whose status shows it although they lost it. */
export class Holding {
  /** Grown from a list of one: most have no more, and there are as many as there are addresses in use. */
  #holders: Holder[] = NOBODY;
  /** Undefined at most addresses. */
  #leavers: Holder[] | undefined;
  /** Service by port; most addresses have one holder, and do without. */
  #ports: Map<string, string> | undefined;

  get isEmpty(): boolean {
    return this.#holders.length === 0 && this.#leavers === undefined;
  }

  isHeldBy(service: string): boolean {
    return this.#holders.some((holder) => holder.key === service);
  }

  isHeldByOtherThan(service: string): boolean {
    return this.#anyoneBut(service) !== undefined;
  }

  /** Whether a Service of the namespace holds it, other than the one named. */
  isHeldIn(namespace: string, exceptBy?: string): boolean {
    return this.#holders.some(
      (holder) => holder.namespace === namespace && holder.key !== exceptBy,
    );
  }

  /** Whether it is known here that the Service's status may show the address. */
  knows(service: string): boolean {
    return (
      this.isHeldBy(service) || this.#leavers?.some((leaver) => leaver.key === service) === true
    );
  }

  /** Those that hold the address and do not share it with the Service. */
  opponentsOf(holder: Holder): readonly Holder[] {
    if (this.obstacleToKeep(holder) === undefined) {
      return [];
    }
    return this.#holders.filter((other) => other.key !== holder.key && !doShare(other, holder));
  }

  /** What keeps a Service from going on with the address; undefined when nothing does. */
  obstacleToKeep(holder: Holder): Obstacle | undefined {
    const other = this.#anyoneBut(holder.key);
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
      if (user !== undefined && user !== holder.key) {
        return { kind: "port taken", other: user, port };
      }
    }
    return undefined;
  }

  /** What keeps a Service from having the address that did not have it before. */
  obstacleToGive(holder: Holder): Obstacle | undefined {
    const obstacle = this.obstacleToKeep(holder);
    if (obstacle !== undefined || this.#leavers === undefined) {
      return obstacle;
    }
    const leaver = this.#leavers.find(
      (other) => other.key !== holder.key && !doShare(other, holder),
    );
    return leaver && { kind: "leaving", other: leaver.key };
  }

  add(holder: Holder): void {
    if (this.#holders === NOBODY) {
      this.#holders = [holder];
    } else {
      this.#holders.push(holder);
    }
    for (const port of holder.ports) {
      this.#ports?.set(port, holder.key);
    }
  }

  remove(holder: Holder): void {
    removeFrom(this.#holders, holder);
    for (const port of holder.ports) {
      this.#ports?.delete(port);
    }
  }

  addLeaver(leaver: Holder): void {
    this.#leavers ??= [];
    this.#leavers.push(leaver);
  }

  removeLeaver(leaver: Holder): void {
    removeFrom(this.#leavers ?? [], leaver);
    if (this.#leavers?.length === 0) {
      this.#leavers = undefined;
    }
  }

  /** Whether anybody here, holder or leaver, is of the group. */
  hasOf(group: string): boolean {
    const isOf = (holder: Holder) => groupOf(holder) === group;
    return this.#holders.some(isOf) || this.#leavers?.some(isOf) === true;
  }

  /** Of two holders one at most is the Service itself. */
  #anyoneBut(service: string): Holder | undefined {
    return this.#holders.find((holder) => holder.key !== service);
  }

  #portsOfAll(): ReadonlyMap<string, string> {
    this.#ports ??= new Map(
      this.#holders.flatMap(({ key, ports }) => ports.map((port) => [port, key] as const)),
    );
    return this.#ports;
  }
}

const NOBODY: Holder[] = [];

function removeFrom(holders: Holder[], { key }: Holder): void {
  const index = holders.findIndex((holder) => holder.key === key);
  holders.splice(index, index < 0 ? 0 : 1);
}
