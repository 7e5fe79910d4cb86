/**
 * Bundles each process into a folder that runs by itself, without node_modules: dist/controller and dist/speaker.
 * These folders are what the images hold. Usage: bundle.ts [FOLDER INSTEAD OF dist]
 */

import { cp, rm } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";

const ROOT = join(import.meta.dirname, "..");
const OUT = resolve(process.argv[2] ?? join(ROOT, "dist"));

/**
 * Tells the bundler that no file of client-node does anything by being imported, which its package.json leaves out: of
 * its thousand modules the bundle then keeps those that a kubeconfig needs.
 */
const clientNodeIsPure: Plugin = {
  name: "client-node-is-pure",
  setup({ onResolve }) {
    const folder = join(ROOT, "node_modules", "@kubernetes", "client-node", "dist");
    onResolve({ filter: /^@kubernetes\/client-node$/ }, () => ({
      path: join(folder, "index.js"),
      sideEffects: false,
    }));
    onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) =>
      resolveDir.startsWith(folder)
        ? { path: join(resolveDir, path), sideEffects: false }
        : undefined,
    );
  },
};

/** Leaves out pino's transports: they start a thread from a file that a bundle does not have, and Herald uses none. */
const pinoWithoutTransports: Plugin = {
  name: "pino-without-transports",
  setup({ onLoad }) {
    const contents = `module.exports = () => { throw new Error("the bundle has no pino transports"); };`;
    onLoad({ filter: /[/\\]pino[/\\]lib[/\\]transport\.js$/ }, () => ({ contents }));
  },
};

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  outExtension: { ".js": ".mjs" },
  // What is imported only when needed, such as the reading of a kubeconfig, stays in a file of its own.
  splitting: true,
  minifyWhitespace: true,
  minifySyntax: true,
  // Names stay: a stack trace in a log is all that an operator can send us.
  minifyIdentifiers: false,
  // CommonJS packages call require for Node's own modules, which ESM does not have.
  banner: {
    js: 'import{createRequire as requireFrom}from"node:module";const require=requireFrom(import.meta.url);',
  },
  plugins: [clientNodeIsPure, pinoWithoutTransports],
  // Its code finds its addon by the folder that it lies in.
  external: ["raw-socket"],
  logLevel: "warning",
} as const satisfies BuildOptions;

/**
 * Names of the entries are their places below the process's folder. speaker/network/start.ts, which starts the thread
 * from `./thread` beside itself, is part of main.mjs: hence the thread stands beside main.mjs.
 */
const PROCESSES = {
  controller: { main: "controller/main.ts" },
  speaker: { main: "speaker/main.ts", thread: "speaker/network/thread.ts" },
};

async function bundle(name: string, entryPoints: Record<string, string>): Promise<void> {
  await build({ ...COMMON, entryPoints, outdir: join(OUT, name) });
}

/**
 * Native addons cannot be bundled: what is copied is, of koffi, the package that it loads its addon from, for the
 * processor and the C library (glibc) of the image; of raw-socket, its code too.
 */
const NATIVE_PACKAGES = {
  [`@koromix/koffi-linux-${process.arch}`]: ["index.js", `linux_${process.arch}/koffi.node`],
  "raw-socket": ["index.js", "build/Release/raw.node"],
};

async function copyNativePackages(folder: string): Promise<void> {
  for (const [name, files] of Object.entries(NATIVE_PACKAGES)) {
    for (const file of ["package.json", ...files]) {
      const path = join("node_modules", name, file);
      await cp(join(ROOT, path), join(folder, path));
    }
  }
}

for (const [name, entryPoints] of Object.entries(PROCESSES)) {
  await rm(join(OUT, name), { recursive: true, force: true });
  await bundle(name, entryPoints);
  console.log(`bundled ${relative(ROOT, join(OUT, name))}${sep}`);
}
await copyNativePackages(join(OUT, "speaker"));
