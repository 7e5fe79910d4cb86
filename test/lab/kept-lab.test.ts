import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeLab } from "./describe-lab.ts";
import { directoryOf, prefixOf } from "./lab-record.ts";
import { listNamespaces } from "./network-namespace.ts";
import { run } from "./run.ts";

const MAIN = path.join(import.meta.dirname, "main.ts");
const NAME = "kept-lab-test";

describeLab("a lab for people", () => {
  const prefix = prefixOf(NAME);
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(path.join(tmpdir(), "kept-lab-test-"));
  });

  afterAll(async () => {
    await lab("down");
    rmSync(directory, { recursive: true, force: true });
  });

  function lab(command: "up" | "down"): Promise<string> {
    const options = ["--name", NAME, "--directory", directory];
    return run(process.execPath, [MAIN, command, ...options], { env: { HERALD: "off" } });
  }

  /** The commands that `up` prints, as they are. */
  function typed(output: string, command: RegExp): string {
    const line = output.split("\n").find((text) => command.test(text));
    return `${line?.trim()}`;
  }

  function shell(command: string): Promise<string> {
    const env = { KUBECONFIG: path.join(directory, "kubeconfig") };
    return run("sh", ["-c", command], { env });
  }

  test("stays when the command that started it has ended, and does what its hints say", async () => {
    const output = await lab("up");
    expect(output).toContain("the lab is up: 3 nodes, 1 client, no Herald");
    expect(await shell(typed(output, /get nodes,services/))).toContain("service/web");
    const curl = typed(output, /curl http:\/\/192\.0\.2\.11/).replace("curl", "curl --retry 20");
    expect(await shell(`${curl} --retry-connrefused --silent`)).toMatch(/^hello from pod on n/);
  });

  test("is not started twice", async () => {
    const output = await lab("up");
    expect(output).toMatch(/^The lab is up already\.\nWhat to type next:/);
  });

  test("goes without a trace, but leaves what others put beside its kubeconfig", async () => {
    const others = path.join(directory, "notes.txt");
    writeFileSync(others, "mine");
    expect(await lab("down")).toBe("The lab is down.\n");
    expect(listNamespaces().filter((name) => name.startsWith(prefix))).toEqual([]);
    expect(existsSync(directoryOf(prefix))).toBe(false);
    expect(readdirSync(directory)).toEqual(["notes.txt"]);
  });

  test("may be taken down when it is not up", async () => {
    expect(await lab("down")).toBe("No lab is up.\n");
  });
});
