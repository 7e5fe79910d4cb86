import { describe, expect, it } from "vitest";
import { Neighbourhood } from "./neighbourhood.ts";
import { profileOf } from "./profile.ts";

const NODES = ["n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8"];
const profile = profileOf("balanced");

function around(self: string, dead = new Set<string>()): Neighbourhood {
  const neighbourhood = new Neighbourhood(self, profile, (node) => dead.has(node));
  neighbourhood.setNodes(NODES, 0);
  return neighbourhood;
}

describe("Neighbourhood", () => {
  it("takes this node in, whether the list has it or not", () => {
    const neighbourhood = around("n1");
    neighbourhood.setNodes(["n2"], 0);
    expect([...neighbourhood.listed]).toEqual(["n2", "n1"]);
  });

  it("goes on telling a former observer for two seconds, for it may learn of the change later", () => {
    const dead = new Set<string>();
    const neighbourhood = around("n1", dead);
    const [first = ""] = neighbourhood.observersOf("n1");
    dead.add(first);
    neighbourhood.outdate();
    neighbourhood.lookAround(0);
    const before = [...neighbourhood.observers(0)];
    dead.delete(first);
    neighbourhood.outdate();
    neighbourhood.lookAround(100);
    const last = before.find((node) => !neighbourhood.observersOf("n1").includes(node)) ?? "";
    expect(neighbourhood.observers(2_099)).toContain(last);
    expect(neighbourhood.observers(2_100)).not.toContain(last);
  });

  it("tells no former observer that is dead", () => {
    const dead = new Set<string>();
    const neighbourhood = around("n1", dead);
    const [first = ""] = neighbourhood.observersOf("n1");
    dead.add(first);
    neighbourhood.outdate();
    neighbourhood.lookAround(0);
    expect(neighbourhood.observers(1)).not.toContain(first);
  });

  it("keeps who left the list in the ring, so that it hears who succeeds it, until it is forgotten", () => {
    const neighbourhood = around("n1");
    neighbourhood.setNodes(["n1", "n2"], 0);
    expect(neighbourhood.isFormer("n3")).toBe(true);
    expect(neighbourhood.isMember("n3")).toBe(true);
    expect(neighbourhood.listed.has("n3")).toBe(false);
    expect(neighbourhood.others).toContain("n3");
    expect(neighbourhood.living).toContain("n3");
    neighbourhood.forget("n3", 1);
    expect(neighbourhood.isMember("n3")).toBe(false);
    expect(neighbourhood.others).not.toContain("n3");
  });

  it("has who comes back into the list as before", () => {
    const neighbourhood = around("n1");
    neighbourhood.setNodes(["n1"], 0);
    neighbourhood.setNodes(NODES, 1);
    expect(neighbourhood.isFormer("n3")).toBe(false);
    neighbourhood.forget("n3", 2);
    expect(neighbourhood.isMember("n3")).toBe(true);
  });

  it("never listened to who was in no list", () => {
    expect(around("n1").isMember("x1")).toBe(false);
  });
});
