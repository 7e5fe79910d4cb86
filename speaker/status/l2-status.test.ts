import { expect, test } from "vitest";
import { type L2Status, type L2StatusSteps, l2StatusSteps, type Standing } from "./l2-status.ts";

const mine: L2Status = { name: "l2-a", service: "default/web", node: "n1", interfaces: [] };
const twin: L2Status = { ...mine, name: "l2-b" };
const bare: L2Status = { ...mine, interfaces: undefined };
const theirs: L2Status = { ...mine, name: "l2-c", node: "n2" };

test.each<[string, readonly L2Status[], Standing, readonly string[], L2StatusSteps]>([
  ["makes an object when it takes a Service over", [], "taken", [], { remove: [], write: true }],
  [
    "removes what the former owner said when it takes over",
    [theirs],
    "taken",
    [],
    { remove: ["l2-c"], write: true },
  ],
  [
    "fills an object whose status was not written",
    [bare],
    "held",
    [],
    { remove: [], write: true, into: "l2-a" },
  ],
  [
    "writes again when the links change",
    [mine],
    "held",
    ["eth0"],
    { remove: [], write: true, into: "l2-a" },
  ],
  [
    "writes nothing when all is said",
    [mine],
    "held",
    [],
    { remove: [], write: false, into: "l2-a" },
  ],
  [
    "removes its own duplicates",
    [mine, twin],
    "held",
    [],
    { remove: ["l2-b"], write: false, into: "l2-a" },
  ],
  ["makes its object again when somebody deleted it", [], "held", [], { remove: [], write: true }],
  [
    "says nothing more once another node has replaced it",
    [theirs],
    "held",
    [],
    { remove: [], write: false },
  ],
  [
    "leaves the object of who takes over from it",
    [mine, theirs],
    "held",
    [],
    { remove: [], write: false, into: "l2-a" },
  ],
  [
    "removes only its own when it does not own",
    [mine, theirs],
    "none",
    [],
    { remove: ["l2-a"], write: false },
  ],
  [
    "removes all of a Service that is gone",
    [mine, theirs],
    "gone",
    [],
    { remove: ["l2-a", "l2-c"], write: false },
  ],
])("%s", (_, objects, standing, interfaces, steps) => {
  expect(l2StatusSteps(objects, "n1", standing, interfaces)).toEqual(steps);
});
