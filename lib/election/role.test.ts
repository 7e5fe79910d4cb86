import { describe, expect, it } from "vitest";
import { isSameRole, type Role } from "./role.ts";

const ROLES: readonly (Role | undefined)[] = [
  undefined,
  { kind: "own" },
  { kind: "listen" },
  { kind: "voice", of: "n1" },
  { kind: "voice", of: "n2" },
];

describe("isSameRole", () => {
  it("tells all roles apart, and for whom one lends its voice", () => {
    for (const [at, one] of ROLES.entries()) {
      expect(ROLES.map((other) => isSameRole(one, other))).toEqual(
        ROLES.map((_, other) => other === at),
      );
    }
  });
});
