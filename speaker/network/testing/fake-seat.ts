import type { GroupDemand } from "#lib/election/candidates.ts";
import type { Role } from "#lib/election/role.ts";
import type { ClaimSeat } from "#speaker/network/ownership.ts";

/** A place where groups are claimed, as a test says. */
export class FakeSeat implements ClaimSeat {
  readonly demands = new Map<string, GroupDemand>();
  /** Names of nodes that have no subnet of any address. */
  readonly elsewhere = new Set<string>();
  readonly #owners = new Map<string, string>();
  readonly #roles = new Map<string, Role>();

  setOwner(group: string, owner: string, role: Role | undefined): void {
    this.#owners.set(group, owner);
    if (role === undefined) {
      this.#roles.delete(group);
    } else {
      this.#roles.set(group, role);
    }
  }

  put(demand: GroupDemand): void {
    this.demands.set(demand.group, demand);
  }

  remove(group: string): void {
    this.demands.delete(group);
    this.#owners.delete(group);
    this.#roles.delete(group);
  }

  roleOf(group: string): Role | undefined {
    return this.#roles.get(group);
  }

  ownerOf(group: string): string | undefined {
    return this.#owners.get(group);
  }

  hasSubnetOf(node: string): boolean {
    return !this.elsewhere.has(node);
  }
}
