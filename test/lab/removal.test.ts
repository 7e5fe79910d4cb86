import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { describeLab } from "./describe-lab.ts";
import { eventually } from "./eventually.ts";
import { Lab, type LabOptions } from "./lab.ts";
import { directoryOf } from "./lab-record.ts";
import { listNamespaces, processesIn } from "./network-namespace.ts";

const SMALL = { nodes: 1, herald: false, kubeProxy: false } as const satisfies LabOptions;

/** A process that starts a lab, tells its prefix and dies as by a crash. */
const CRASHING_OWNER = `
  import { Lab } from "#test/lab/lab.ts";
  const { prefix } = await Lab.start(${JSON.stringify(SMALL)});
  process.stdout.write(prefix, () => process.kill(process.pid, "SIGKILL"));
`;

/** A process that has ended keeps its entry until its parent has asked for its end: state Z, proc_pid_stat(5). */
function hasEnded(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || /\) Z /.test(readFileSync(stat, "utf8"));
}

function namespacesOf(prefix: string): string[] {
  return listNamespaces().filter((name) => name.startsWith(`${prefix}-`));
}

describeLab("labs side by side", () => {
  test("do not see each other, and one goes without the other", async () => {
    await using one = await Lab.start(SMALL);
    const two = await Lab.start(SMALL);
    await one.apply('{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"only-in-one"}}');
    await expect(two.kubectl("get", "namespace", "only-in-one")).rejects.toThrow("not found");

    const processes = processesIn(namespacesOf(two.prefix));
    expect(processes).toContain(two.apiServer.pid);
    await two[Symbol.asyncDispose]();
    expect(namespacesOf(two.prefix)).toEqual([]);
    expect(existsSync(two.directory)).toBe(false);
    for (const pid of processes) {
      await eventually(() => hasEnded(pid));
    }
    expect(await one.kubectl("get", "nodes", "--output=name")).toBe("node/n1\n");
  });

  test("cannot have the same name", async () => {
    await using one = await Lab.start({ ...SMALL, name: "same" });
    await expect(Lab.start({ ...SMALL, name: "same" })).rejects.toThrow(
      `Cannot start lab ${one.prefix}: it is up already`,
    );
    expect(await one.kubectl("get", "nodes", "--output=name")).toBe("node/n1\n");
  });
});

describeLab("a lab whose owner was killed", () => {
  test("is removed when the next one starts", async () => {
    const owner = spawn(process.execPath, ["--input-type=module", "--eval", CRASHING_OWNER], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(owner, "exit");
    const prefix = await text(owner.stdout);
    expect(await ended).toEqual([null, "SIGKILL"]);
    const left = processesIn(namespacesOf(prefix));
    expect(left.length).toBeGreaterThan(3);

    await using _ = await Lab.start(SMALL);
    expect(namespacesOf(prefix)).toEqual([]);
    expect(existsSync(directoryOf(prefix))).toBe(false);
    for (const pid of left) {
      await eventually(() => hasEnded(pid));
    }
  });
});
