/** The links that never answer, as MetalLB's file excludel2.yaml names them: whoever has tuned it keeps it. */

import { readFile } from "node:fs/promises";
import { readLinkPattern } from "./link-pattern.ts";
import { DEFAULT_EXCLUDED_LINKS } from "./network/link-rules.ts";

const KEY = "announcedInterfacesToExclude";

export interface ExcludedLinks {
  /** A link is excluded when one of them is found anywhere in its name. */
  readonly patterns: readonly RegExp[];
  /** Where they are from. */
  readonly source: "file" | "built-in list";
}

/**
 * Reads the file once, at the start. Without it the list holds that MetalLB's file has as delivered, where MetalLB itself
 * excludes nothing and answers on the links of containers.
 *
 * @throws {Error} when there is a file and it cannot be used: the sentence names file, entry and mend
 */
export async function readExcludedLinks(file: string): Promise<ExcludedLinks> {
  const text = await readIfThere(file);
  if (text === undefined) {
    const patterns = patternsFrom("the built-in list", DEFAULT_EXCLUDED_LINKS);
    return { patterns, source: "built-in list" };
  }
  const entries = entriesOf(file, await parseYaml(file, text));
  return { patterns: patternsFrom(file, entries), source: "file" };
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") {
      return undefined;
    }
    throw new Error(`Cannot read the excluded links in ${file}`, { cause: error });
  }
}

async function parseYaml(file: string, text: string): Promise<unknown> {
  // loaded only here, for it takes 2 MiB; a bundle gives a CommonJS package's exports no names of their own
  const { default: yaml } = await import("yaml");
  let fault: string;
  try {
    return yaml.parse(text);
  } catch (error) {
    if (!(error instanceof yaml.YAMLParseError || error instanceof ReferenceError)) {
      throw error;
    }
    // the lines behind the first show the place in the text
    [fault = ""] = error.message.split(":\n");
  }
  throw refusal(file, `it is no YAML (${fault}): correct it`);
}

function entriesOf(file: string, content: unknown): readonly unknown[] {
  const isMapping = typeof content === "object" && content !== null && KEY in content;
  if (!isMapping) {
    throw refusal(file, `it has no ${KEY}: write the list, or [] to exclude nothing`);
  }
  const list = (content as Readonly<Record<string, unknown>>)[KEY] ?? [];
  if (!Array.isArray(list)) {
    throw refusal(file, `${KEY} is no list: write one expression a line, such as "- ^veth.*"`);
  }
  return list;
}

function patternsFrom(file: string, entries: readonly unknown[]): readonly RegExp[] {
  return entries.map((entry, index) => {
    const field = `${KEY}[${index}]`;
    if (typeof entry !== "string") {
      throw refusal(file, `${field} is ${JSON.stringify(entry)} and no text: put it in quotes`);
    }
    const read = readLinkPattern(entry);
    if (read.kind === "unreadable") {
      throw refusal(file, `${field}: ${read.why}`);
    }
    return read.pattern;
  });
}

function refusal(file: string, why: string): Error {
  return new Error(`Cannot read the excluded links in ${file}: ${why}, and restart the speaker`);
}
