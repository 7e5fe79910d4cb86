import { expect, test } from "vitest";
import { requireNetRaw } from "./net-raw.ts";
import { FakeRoot } from "./testing/fake-root.ts";

test.for([
  { effective: "0000000000002000", what: "NET_RAW alone" },
  { effective: "000001ffffffffff", what: "all" },
])("a process with $what may open packet sockets", async ({ effective }) => {
  await using root = await FakeRoot.make();
  await root.write("proc/self/status", `Name:\tnode\nCapEff:\t${effective}\nCapBnd:\t0\n`);
  expect(() => requireNetRaw(root.path)).not.toThrow();
});

test.for([
  { effective: "0000000000000000", what: "nothing" },
  { effective: "00000000a80405fb", what: "all that Docker gives, but this" },
])("a process with $what is told what it lacks", async ({ effective }) => {
  await using root = await FakeRoot.make();
  await root.write("proc/self/status", `CapPrm:\t0000000000002000\nCapEff:\t${effective}\n`);
  expect(() => requireNetRaw(root.path)).toThrow(
    new Error(
      "Cannot open packet sockets: the process lacks the capability NET_RAW: add it to securityContext.capabilities.add of the container, and run it as user 0",
    ),
  );
});
