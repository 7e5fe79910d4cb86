import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { buildImages, type Image, parseDockerfile } from "./dockerfile.ts";
import { podsCannotStart, preparePod, readWorkload, startPod } from "./pod.ts";

const ROOT = join(import.meta.dirname, "../..");
/** Bit of CAP_NET_RAW in capabilities(7). */
const NET_RAW = 1n << 13n;
const BUILD_TIMEOUT_MS = 300_000;
const TIMEOUT_MS = 30_000;

const NAMES = ["controller", "speaker"];
/** A name of client-node, which no minifier shortens. */
const CLIENT_NODE = /loadFromClusterAndUser/;

let scratch = "";
let images: ReadonlyMap<string, Image> = new Map();

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "herald-images-"));
  images = buildImages(ROOT, scratch);
}, BUILD_TIMEOUT_MS);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function image(name: string): Image {
  const found = images.get(name);
  if (found === undefined) {
    throw new Error(`The Dockerfile has no stage "${name}"`);
  }
  return found;
}

/** Paths of all files of the process. */
function appFiles(name: string): string[] {
  return readdirSync(join(image(name).root, "herald", name), {
    recursive: true,
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The file and all that it loads before its first statement. */
function loadedWith(file: string, seen = new Set<string>()): Set<string> {
  if (!seen.has(file)) {
    seen.add(file);
    for (const [, path = ""] of readFileSync(file, "utf8").matchAll(
      /(?:from|import)\s*"(\.\/[^"]+)"/g,
    )) {
      loadedWith(join(file, "..", path), seen);
    }
  }
  return seen;
}

/** Names of those files whose text matches. */
function matching(files: Iterable<string>, pattern: RegExp): string[] {
  return [...files]
    .filter((file) => pattern.test(readFileSync(file, "utf8")))
    .map((file) => basename(file));
}

test.each(NAMES)("the image of the %s holds its bundle and Node alone", (name) => {
  const { root } = image(name);
  expect(readdirSync(root).sort()).toEqual(["herald", "nodejs"]);
  expect(appFiles(name).filter((file) => file.endsWith(".ts"))).toEqual([]);
});

test.each(NAMES)("the %s loads nothing of client-node until it is given a kubeconfig", (name) => {
  const loaded = loadedWith(join(image(name).root, "herald", name, "main.mjs"));
  expect(matching(loaded, CLIENT_NODE)).toEqual([]);
  expect(matching(appFiles(name), CLIENT_NODE)).toEqual([expect.stringMatching(/^kubeconfig/)]);
});

test("only the speaker has a way to call C", () => {
  expect(matching(appFiles("controller"), /koffi/)).toEqual([]);
  expect(appFiles("speaker")).toContainEqual(expect.stringMatching(/\/koffi\.node$/));
});

test.each(NAMES)("no log of the %s can start a thread", (name) => {
  expect(matching(appFiles(name), /thread-stream/)).toEqual([]);
});

describe.each([
  ["controller", "65534:65534", 0n, [/"msg":"controller started"/]],
  [
    "speaker",
    "0:0",
    NET_RAW,
    [
      /^(?=.*"msg":"link can answer").*"link":"eth0"/m,
      /"msg":"links excluded","from":"file","patterns":\["\/peer\/u"\]/,
    ],
  ],
])("the %s", (name, user, capabilities, ready) => {
  const workload = readWorkload(join(ROOT, `manifests/base/${name}.yaml`));
  const missing = podsCannotStart();

  test("runs as the same user from the image alone as from the manifest", () => {
    const { containers, securityContext } = workload.spec.template.spec;
    const { runAsGroup, runAsUser } = { ...securityContext, ...containers[0].securityContext };
    expect(image(name).user).toBe(user);
    expect(`${runAsUser}:${runAsGroup}`).toBe(user);
  });

  describe.skipIf(missing !== undefined)(`as its pod (${missing ?? "root is at hand"})`, () => {
    beforeAll(() => preparePod(image(name)));

    function start(args: readonly string[]): ChildProcess {
      const pod = startPod(image(name), workload, args);
      onTestFinished(() => void pod.kill("SIGKILL"));
      return pod;
    }

    test("explains its options", { timeout: TIMEOUT_MS }, async () => {
      const pod = start(["--help"]);
      const [output, [code]] = await Promise.all([outputOf(pod), once(pod, "exit")]);
      expect(output).toMatch(`Usage: herald-${name} [options]`);
      expect(code).toBe(0);
    });

    test("starts, names the API server that it cannot reach, and ends within 2 s of SIGTERM", {
      timeout: TIMEOUT_MS,
    }, async () => {
      const pod = start([]);
      const exit = once(pod, "exit");
      await said(pod, [...ready, /"level":"(warn|error)".*127\.0\.0\.1:6443/]);
      expect(capabilitiesOf(pod)).toBe(capabilities);
      const asked = performance.now();
      pod.kill("SIGTERM");
      expect(await exit).toEqual([0, null]);
      expect(performance.now() - asked).toBeLessThan(2000);
    });
  });
});

/** The effective capabilities, one bit each. */
function capabilitiesOf({ pid }: ChildProcess): bigint {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return BigInt(`0x${/^CapEff:\s*(\S+)$/m.exec(status)?.[1]}`);
}

async function outputOf({ stdout, stderr }: ChildProcess): Promise<string> {
  if (stdout === null || stderr === null) {
    throw new Error("The pod's output is not piped");
  }
  return (await Promise.all([text(stdout), text(stderr)])).join("");
}

/** Resolves once the pod's log has a line for each pattern, and throws all that it said when it ends without. */
async function said(pod: ChildProcess, patterns: readonly RegExp[]): Promise<void> {
  let log = "";
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      log += chunk;
      if (patterns.every((pattern) => pattern.test(log))) {
        resolve();
      }
    };
    pod.stdout?.on("data", hear);
    pod.stderr?.on("data", hear);
    pod.once("exit", (code) =>
      reject(new Error(`The pod ended with ${code}, having said: ${log}`)),
    );
  });
}

test("knows the stages of a Dockerfile, past comments and continued lines", () => {
  const stages = parseDockerfile("# c\nFROM a AS b\nRUN one \\\n  two\nFROM b AS c\nUSER 0:0\n");
  expect(stages).toEqual([
    { name: "b", base: "a", instructions: [{ keyword: "RUN", rest: "one two" }] },
    { name: "c", base: "b", instructions: [{ keyword: "USER", rest: "0:0" }] },
  ]);
});
