/** Each rule of the house is first seen refusing what it forbids: a check that checks nothing passes too. */

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const TIMEOUT_MS = 60_000;

const CORE = "the core may import the core only";
const LIB = "lib/ may import lib/";
const CONTROLLER = "controller/ may import controller/ and lib/";
const SPEAKER = "speaker/ may import speaker/ and lib/";
const MAIN = "main.ts wires; nothing imports it";
const FULL_NAME = "Cross a folder by its full name: #lib/..., #controller/..., #speaker/...";

/** Who imports, what, and the words of the refusal; undefined: it may. */
const IMPORTS: readonly (readonly [string, string, string | undefined])[] = [
  ["lib/address", "#lib/kube/client.ts", CORE],
  ["lib/allocation", "#lib/log/log.ts", CORE],
  ["lib/election", "#lib/linux/link.ts", CORE],
  ["lib/membership", "#controller/options.ts", CORE],
  ["lib/wire", "#speaker/options.ts", CORE],
  ["lib/bytes", "#test/lab/cluster.ts", CORE],
  ["lib/api", "../kube/client.ts", CORE],
  ["lib/api", "#lib/wire/arp.ts", undefined],
  ["lib/api", "./selector.ts", undefined],
  ["lib/address", "ip-address", undefined],
  ["lib/kube", "#controller/options.ts", LIB],
  ["lib/kube", "#speaker/network/messages.ts", LIB],
  ["lib/kube", "#speaker/main.ts", LIB],
  ["lib/kube", "#test/lab/cluster.ts", LIB],
  ["lib/kube", "#tools/bundle.ts", LIB],
  ["lib/kube", "../address/ip.ts", LIB],
  ["lib/kube", "#lib/address/ip.ts", undefined],
  ["lib/kube", "node:https", undefined],
  ["controller", "#speaker/options.ts", CONTROLLER],
  ["controller", "#test/lab/cluster.ts", CONTROLLER],
  ["controller", "#tools/bundle.ts", CONTROLLER],
  ["controller/pools", "../options.ts", CONTROLLER],
  ["controller", "./main.ts", MAIN],
  ["controller/pools", "#controller/main.ts", MAIN],
  ["controller/pools", "#controller/options.ts", undefined],
  ["controller", "#lib/kube/client.ts", undefined],
  ["speaker", "#controller/options.ts", SPEAKER],
  ["speaker", "#test/lab/cluster.ts", SPEAKER],
  ["speaker/network", "../../lib/address/ip.ts", SPEAKER],
  ["speaker", "./main.ts", MAIN],
  ["speaker/network", "#speaker/main.ts", MAIN],
  ["speaker/network", "#speaker/options.ts", undefined],
  ["speaker", "#lib/wire/arp.ts", undefined],
  ["test/e2e", "#controller/main.ts", MAIN],
  ["test/lab", "./main.ts", MAIN],
  ["test/e2e", "../lab/cluster.ts", FULL_NAME],
  ["test/e2e", "#test/lab/cluster.ts", undefined],
  ["test/e2e", "#speaker/network/messages.ts", undefined],
  ["tools", "#controller/main.ts", MAIN],
];

/** In each form of import, and from test code, the rooms are as closed. */
const FORMS: readonly (readonly [string, string, string])[] = [
  ["lib/api/type.ts", `import type { A } from "#lib/kube/client.ts";\nexport type B = A;`, CORE],
  ["lib/api/again.ts", `export { a } from "#lib/kube/client.ts";`, CORE],
  ["lib/api/late.ts", `export const a = await import("#lib/kube/client.ts");`, CORE],
  ["lib/api/effect.ts", `import "#lib/kube/client.ts";`, CORE],
  ["lib/kube/a.test.ts", `import "#test/lab/cluster.ts";`, LIB],
  ["controller/a.test.ts", `import "#speaker/options.ts";`, CONTROLLER],
  ["speaker/a.test.ts", `import "#test/lab/cluster.ts";`, SPEAKER],
];

/** Beyond imports, what Biome refuses of the core and of all: the file, its text, the rule. */
const STATEMENTS: readonly (readonly [string, string, string])[] = [
  ["lib/wire/node.ts", `import "node:fs";`, "noNodejsModules"],
  ["lib/wire/bare.ts", `import "fs";`, "noNodejsModules"],
  ["lib/wire/process.ts", "export const a = process.pid;", "noProcessGlobal"],
  ["lib/wire/date.ts", "export const a = new Date();", "noRestrictedGlobals"],
  ["lib/wire/now.ts", "export const a = performance.now();", "noRestrictedGlobals"],
  ["lib/wire/timer.ts", "setTimeout(() => undefined, 1);", "noRestrictedGlobals"],
  ["lib/wire/fetch.ts", `export const a = fetch("");`, "noRestrictedGlobals"],
  ["lib/kube/default.ts", "export default 1;", "noDefaultExport"],
  ["lib/kube/env.ts", "export const a = process.env;", "noProcessEnv"],
  ["lib/kube/console.ts", `console.log("");`, "noConsole"],
  ["lib/kube/enum.ts", "export enum A { b }", "noEnum"],
  ["lib/kube/camelCase.ts", "export const a = 1;", "useFilenamingConvention"],
  ["lib/kube/long.ts", "export const a = 1;\n".repeat(401), "noExcessiveLinesPerFile"],
  ["lib/kube/unknown.ts", `import "left-pad";`, "noUndeclaredDependencies"],
];

const PROMISE =
  "async function work(): Promise<boolean> {\n  return await Promise.resolve(true);\n}\n";

/** What the type-aware rules of oxlint refuse. */
const TYPE_AWARE: readonly (readonly [string, string, string])[] = [
  ["lib/kube/floating.ts", `${PROMISE}work();`, "no-floating-promises"],
  [
    "lib/kube/misused.ts",
    `${PROMISE}if (work()) {\n  throw new Error();\n}`,
    "no-misused-promises",
  ],
  ["lib/kube/thenable.ts", "export const a = await 1;", "await-thenable"],
  ["lib/kube/thrown.ts", `throw { reason: "" };`, "only-throw-error"],
  [
    "lib/kube/switch.ts",
    "export function f(a: 1 | 2): void {\n  switch (a) {\n    case 1:\n  }\n}",
    "switch-exhaustiveness-check",
  ],
];

/** Who imports a fake of the tests, from where, and whether it may. */
const FAKES: readonly (readonly [string, string, boolean])[] = [
  ["lib/kube/uses-fake.ts", "./testing/fake-clock.ts", false],
  ["lib/wire/uses-fake.ts", "#lib/bytes/testing/hex.ts", false],
  ["controller/uses-fake.ts", "#lib/api/testing/fixture.ts", false],
  ["speaker/network/uses-fake.ts", "#lib/bytes/testing/hex.ts", false],
  ["tools/uses-fake.ts", "#lib/bytes/testing/hex.ts", false],
  ["lib/kube/uses-fake.test.ts", "./testing/fake-clock.ts", true],
  ["controller/uses-fake.test.ts", "#lib/api/testing/fixture.ts", true],
  ["lib/allocation/testing/uses-fake.ts", "#lib/api/testing/fixture.ts", true],
  ["test/lab/uses-fake.ts", "#lib/kube/testing/fake-clock.ts", true],
];

/** What the compiler refuses, by the number of its error. */
const TYPES: readonly (readonly [string, string, string])[] = [
  ["lib/kube/strict.ts", "export const a: string = undefined;", "TS2322"],
  ["lib/kube/erasable.ts", "export enum A { b }", "TS1294"],
  ["lib/kube/index.ts", "export const a = ([1] as number[])[0] + 1;", "TS2532"],
  [
    "lib/kube/exact.ts",
    "export const a: { b?: string } = { b: undefined as string | undefined };",
    "TS2375",
  ],
  ["lib/kube/unused.ts", "const a = 1;\nexport const b = 2;", "TS6133"],
];

/** One finding of any of the tools. */
interface Finding {
  readonly file: string;
  /** `category: message`. */
  readonly text: string;
}

let scratch = "";
let biome: readonly Finding[] = [];
let oxlint: readonly Finding[] = [];
let tsc: readonly Finding[] = [];

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "herald-lint-"));
  for (const file of ["biome.json", ".oxlintrc.json", "tsconfig.json", "package.json"]) {
    copyFileSync(join(ROOT, file), join(scratch, file));
  }
  symlinkSync(join(ROOT, "node_modules"), join(scratch, "node_modules"));
  for (const [index, [folder, path]] of IMPORTS.entries()) {
    write(importer(folder, index), `import { a } from "${path}";\nexport const b = a;\n`);
  }
  for (const [file, path] of FAKES) {
    write(file, `import { a } from "${path}";\nexport const b = a;\n`);
  }
  for (const [file, source] of [...FORMS, ...STATEMENTS, ...TYPE_AWARE, ...TYPES]) {
    write(file, `${source}\n`);
  }
  biome = runBiome();
  oxlint = runOxlint();
  tsc = runTsc();
}, TIMEOUT_MS);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function importer(folder: string, index: number): string {
  return `${folder}/importer-${index}.ts`;
}

function write(file: string, text: string): void {
  mkdirSync(dirname(join(scratch, file)), { recursive: true });
  writeFileSync(join(scratch, file), text);
}

function output(tool: string, ...args: readonly string[]): string {
  const { stdout, error } = spawnSync(join(ROOT, "node_modules/.bin", tool), args, {
    cwd: scratch,
    encoding: "utf8",
    maxBuffer: 16 * 1024 * 1024,
  });
  if (error !== undefined) {
    throw error;
  }
  return stdout;
}

function runBiome(): Finding[] {
  interface Diagnostic {
    readonly category: string;
    readonly message: string;
    readonly location: { readonly path: string };
  }
  const found = output(
    "biome",
    "lint",
    "--vcs-enabled=false",
    "--reporter=json",
    "--max-diagnostics=none",
  );
  const { diagnostics } = JSON.parse(found) as { diagnostics: readonly Diagnostic[] };
  return diagnostics.map(({ category, location, message }) => ({
    file: location.path,
    text: `${category}: ${message}`,
  }));
}

function runOxlint(): Finding[] {
  interface Diagnostic {
    readonly code: string;
    readonly message: string;
    readonly filename: string;
  }
  const { diagnostics } = JSON.parse(output("oxlint", "--format=json")) as {
    diagnostics: readonly Diagnostic[];
  };
  return diagnostics.map(({ code, filename, message }) => ({
    file: filename,
    text: `${code}: ${message}`,
  }));
}

function runTsc(): Finding[] {
  const lines = output("tsc", "--pretty", "false").matchAll(/^(\S+?)\(\d+,\d+\): error (.*)$/gm);
  return [...lines].map(([, file = "", text = ""]) => ({ file, text }));
}

function about(file: string, findings: readonly Finding[]): string {
  return findings
    .filter((finding) => finding.file === file)
    .map(({ text }) => text)
    .join("\n");
}

const refused = IMPORTS.flatMap(([folder, path, words], index) =>
  words === undefined ? [] : [{ folder, path, words, index }],
);
const permitted = IMPORTS.flatMap(([folder, path, words], index) =>
  words === undefined ? [{ folder, path, index }] : [],
);

describe("Biome", () => {
  test.each(refused)("refuses that $folder imports $path", ({ folder, index, words }) => {
    expect(about(importer(folder, index), biome)).toContain(`noRestrictedImports: ${words}`);
  });

  test.each(permitted)("lets $folder import $path", ({ folder, index }) => {
    expect(about(importer(folder, index), biome)).toBe("");
  });

  test.each(FORMS)("refuses it in %s", (file, _source, words) => {
    expect(about(file, biome)).toContain(`noRestrictedImports: ${words}`);
  });

  test.each(STATEMENTS)("refuses the content of %s", (file, _source, rule) => {
    expect(about(file, biome)).toContain(`/${rule}: `);
  });
});

test.each(TYPE_AWARE)("oxlint, which knows the types, refuses %s", (file, _source, rule) => {
  expect(about(file, oxlint)).toContain(rule);
});

test.each(FAKES)("oxlint lets %s import %s: %s", (file, _path, isPermitted) => {
  expect(about(file, oxlint).includes("no-restricted-imports")).toBe(!isPermitted);
});

test.each(TYPES)("the compiler refuses %s", (file, _source, code) => {
  expect(about(file, tsc)).toContain(code);
});
