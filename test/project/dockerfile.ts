/**
 * Carries a Dockerfile out without a container engine: each stage is a folder, COPY copies into it, RUN runs in it
 * with this machine's programs. It knows the instructions that the Dockerfile of this project uses, and refuses others.
 */

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, matchesGlob, relative } from "node:path";

export interface Instruction {
  readonly keyword: string;
  readonly rest: string;
}

export interface Stage {
  readonly name: string;
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

/** What the last USER and ENTRYPOINT of an image say, and all its ENVs. */
export interface Image {
  /** The folder that would be the root of the container. */
  readonly root: string;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const MINUTES = 60_000;

export function parseDockerfile(text: string): Stage[] {
  const lines = text
    .replaceAll(/^\s*#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => line.trim() !== "");
  const stages: { name: string; base: string; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [, keyword = "", rest = ""] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    const [, base, name] = /^(\S+) AS (\S+)$/.exec(rest) ?? [];
    if (keyword === "FROM" && base !== undefined && name !== undefined) {
      stages.push({ name, base, instructions: [] });
    } else {
      stages.at(-1)?.instructions.push({ keyword, rest });
    }
  }
  return stages;
}

/** @param rest of an ENV: pairs of name and value, without quotation marks */
export function parseEnvironment(rest: string): Readonly<Record<string, string>> {
  return Object.fromEntries(rest.split(/\s+/).map((pair) => pair.split("=", 2)));
}

/**
 * Carries out every stage, in order.
 *
 * @param context the folder of the Dockerfile
 * @param scratch an empty folder, which receives one folder a stage
 */
export function buildImages(context: string, scratch: string): ReadonlyMap<string, Image> {
  const images = new Map<string, Image>();
  for (const { name, base, instructions } of parseDockerfile(
    readFileSync(join(context, "Dockerfile"), "utf8"),
  )) {
    const root = join(scratch, name);
    const from = images.get(base);
    if (from === undefined) {
      fetchBase(base, root);
    } else {
      link(from.root, root);
    }
    let image: Image = { user: "0:0", entrypoint: [], environment: {}, ...from, root };
    let workdir = "/";
    for (const { keyword, rest } of instructions) {
      switch (keyword) {
        case "WORKDIR":
          workdir = rest;
          mkdirSync(join(root, workdir), { recursive: true });
          break;
        case "COPY":
          copy(rest, { context, images, to: join(root, workdir), root });
          break;
        case "RUN":
          run(rest, join(root, workdir));
          break;
        case "USER":
          image = { ...image, user: rest };
          break;
        case "ENTRYPOINT":
          image = { ...image, entrypoint: JSON.parse(rest) as string[] };
          break;
        case "ENV":
          image = { ...image, environment: { ...image.environment, ...parseEnvironment(rest) } };
          break;
        default:
          throw new Error(`Cannot carry out ${keyword} of the Dockerfile: teach test/project how`);
      }
    }
    images.set(name, image);
  }
  return images;
}

/** Of the node image the build uses Node and npm; a distroless image is empty to us. */
function fetchBase(base: string, root: string): void {
  mkdirSync(root, { recursive: true });
  if (base.startsWith("node:")) {
    const node = join(root, "usr/local/bin/node");
    mkdirSync(dirname(node), { recursive: true });
    cpSync(process.execPath, node);
  }
}

interface CopyPlaces {
  readonly context: string;
  readonly images: ReadonlyMap<string, Image>;
  readonly root: string;
  /** The stage's working directory. */
  readonly to: string;
}

function copy(rest: string, { context, images, root, to }: CopyPlaces): void {
  const words = rest.split(/\s+/);
  const stage = /^--from=(.*)$/.exec(words[0] ?? "")?.[1];
  const sources = stage === undefined ? words.slice(0, -1) : words.slice(1, -1);
  const last = words.at(-1) ?? "";
  const target = last.startsWith("/") ? join(root, last) : join(to, last);
  for (const source of sources) {
    if (stage === undefined) {
      copyFromContext(context, source, target);
    } else {
      link(join(images.get(stage)?.root ?? "", source), target);
    }
  }
}

function copyFromContext(context: string, source: string, target: string): void {
  const from = join(context, source);
  const intoFolder = statSync(from).isFile() && target.endsWith("/");
  cpSync(from, intoFolder ? join(target, basename(source)) : target, {
    recursive: true,
    filter: (path) => !isIgnored(context, relative(context, path)),
  });
}

/** As Docker reads .dockerignore: the last pattern that matches the path, or a folder above it, decides. */
function isIgnored(context: string, path: string): boolean {
  if (statSync(join(context, path)).isDirectory()) {
    return false;
  }
  const parts = path.split("/");
  const selfAndAbove = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
  let ignored = false;
  for (const line of readFileSync(join(context, ".dockerignore"), "utf8").split("\n")) {
    const pattern = line.replace(/^!/, "").replace(/\/$/, "");
    if (selfAndAbove.some((candidate) => matchesGlob(candidate, pattern))) {
      ignored = !line.startsWith("!");
    }
  }
  return ignored;
}

/** Copies by hard links, as Node alone has 120 MB. */
function link(from: string, to: string): void {
  if (!existsSync(from)) {
    throw new Error(`Cannot copy ${from}: the build has not made it`);
  }
  mkdirSync(dirname(to), { recursive: true });
  execFileSync("cp", ["--archive", "--link", "--no-target-directory", from, to]);
}

function run(command: string, cwd: string): void {
  const { env } = process;
  const { PATH } = env;
  execFileSync("sh", ["-c", command], {
    cwd,
    env: {
      ...env,
      // npm runs scripts with the Node it finds first.
      PATH: `${dirname(process.execPath)}:${PATH}`,
      // The packages that this checkout was installed from need no network.
      npm_config_prefer_offline: "true",
    },
    stdio: ["ignore", "ignore", "pipe"],
    timeout: 5 * MINUTES,
  });
}
