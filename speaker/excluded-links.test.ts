import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readExcludedLinks } from "./excluded-links.ts";
import { DEFAULT_EXCLUDED_LINKS } from "./network/link-rules.ts";

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "excluded-links-"));
  file = join(folder, "excludel2.yaml");
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function sourcesIn(text: string): Promise<readonly string[]> {
  await writeFile(file, text);
  const { patterns, source } = await readExcludedLinks(file);
  expect(source).toBe("file");
  return patterns.map((pattern) => pattern.source);
}

test.for([
  { what: "a list", text: "announcedInterfacesToExclude:\n- ^docker.*\n- ^lo$\n" },
  { what: "a list in one line", text: "announcedInterfacesToExclude: [^docker.*, ^lo$]" },
  {
    what: "a list in quotes, beside what is not ours",
    text: "other: 1\nannouncedInterfacesToExclude:\n  - '^docker.*' # containers\n  - \"^lo$\"\n",
  },
])("excludes what the file names: $what", async ({ text }) => {
  expect(await sourcesIn(text)).toEqual(["^docker.*", "^lo$"]);
});

test.for([
  { what: "an empty list", text: "announcedInterfacesToExclude: []" },
  { what: "a list without entries", text: "announcedInterfacesToExclude:\n" },
])("excludes nothing by $what", async ({ text }) => {
  expect(await sourcesIn(text)).toEqual([]);
});

describe("excludes MetalLB's list, as delivered, when", () => {
  test.for([
    { what: "there is no file", path: "excludel2.yaml" },
    { what: "there is no folder", path: "metallb/excludel2.yaml" },
    { what: "the folder is a file", path: "file/excludel2.yaml" },
  ])("$what", async ({ path }) => {
    await writeFile(join(folder, "file"), "");
    const { patterns, source } = await readExcludedLinks(join(folder, path));
    expect(source).toBe("built-in list");
    expect(patterns.map((pattern) => pattern.source)).toEqual(DEFAULT_EXCLUDED_LINKS);
  });
});

test.for([
  {
    what: "what is no YAML",
    text: 'announcedInterfacesToExclude:\n- "^eth\\d"\n',
    why: "it is no YAML (Invalid escape sequence \\d at line 2, column 8): correct it",
  },
  {
    what: "an expression that YAML reads as an alias",
    text: "announcedInterfacesToExclude:\n- *veth",
    why: "it is no YAML (Unresolved alias (the anchor must be set before the alias): veth): correct it",
  },
  {
    what: "an empty file",
    text: "",
    why: "it has no announcedInterfacesToExclude: write the list, or [] to exclude nothing",
  },
  {
    what: "the list alone",
    text: "- ^lo$",
    why: "it has no announcedInterfacesToExclude: write the list, or [] to exclude nothing",
  },
  {
    what: "one expression",
    text: "announcedInterfacesToExclude: ^lo$",
    why: 'announcedInterfacesToExclude is no list: write one expression a line, such as "- ^veth.*"',
  },
  {
    what: "a number",
    text: "announcedInterfacesToExclude: [^lo$, 7]",
    why: "announcedInterfacesToExclude[1] is 7 and no text: put it in quotes",
  },
  {
    what: "an entry that was left empty",
    text: "announcedInterfacesToExclude:\n- \n",
    why: "announcedInterfacesToExclude[0] is null and no text: put it in quotes",
  },
  {
    what: "a broken expression",
    text: "announcedInterfacesToExclude: [^lo$, ^veth(]",
    why: 'announcedInterfacesToExclude[1]: "^veth(" is no regular expression that can be read (unterminated group): write one such as ^veth.*',
  },
])("refuses $what", async ({ text, why }) => {
  await expect(sourcesIn(text)).rejects.toThrow(
    new Error(`Cannot read the excluded links in ${file}: ${why}, and restart the speaker`),
  );
});

test("tells why a file that is there cannot be read", async () => {
  await mkdir(file);
  await expect(readExcludedLinks(file)).rejects.toMatchObject({
    message: `Cannot read the excluded links in ${file}`,
    cause: { code: "EISDIR" },
  });
});
