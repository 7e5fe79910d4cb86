/** A lab for people: it stays up in the background until it is taken down. */

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { lockHost } from "./host-lock.ts";
import { FIRST_ADDRESS, NODE_PORT, POOL, SERVICE } from "./kept-manifests.ts";
import { Lab } from "./lab.ts";
import { directoryOf, isKept, prefixOf } from "./lab-record.ts";
import { isOnPath, kubernetesPrograms } from "./programs.ts";
import { removeDeadLabs, removeLab } from "./removal.ts";
import { runToExit } from "./run.ts";

export interface KeptLabOptions {
  readonly name: string;
  /** Where the files for its user go. */
  readonly directory: string;
  readonly herald: boolean;
  /** Told what goes on and what to type next. */
  readonly say: (line: string) => void;
}

/** All that is written into the directory of its user; whatever else stands there is theirs. */
const KUBECONFIG = "kubeconfig";
const POOL_FILE = "pool.yaml";
/** Starts the lab, or says that it is up. */
export async function up(options: KeptLabOptions): Promise<void> {
  const { name, directory, herald, say } = options;
  const prefix = prefixOf(name);
  if (isKept(prefix)) {
    if (await answers(directory)) {
      say("The lab is up already.");
      await sayWhatNext(options);
      return;
    }
    say("The lab that was up no longer answers: it is replaced.");
    await removeLab(prefix);
  }
  const began = performance.now();
  const seconds = () => ((performance.now() - began) / 1000).toFixed(1).padStart(5);
  const lab = await Lab.start({
    name,
    herald,
    progress: (sentence) => say(`${seconds()} s  ${sentence}`),
  });
  await lab.apply(SERVICE);
  await lab.setEndpoints("web");
  say(`${seconds()} s  the lab is up: 3 nodes, 1 client, ${herald ? "Herald" : "no Herald"}`);
  await handOver(lab, options);
}

/** Leaves a lab that was started by its name running for its user, and says what to type next. */
export async function handOver(lab: Lab, options: KeptLabOptions): Promise<void> {
  const { directory, herald } = options;
  removeFiles(directory);
  mkdirSync(directory, { recursive: true });
  copyFileSync(lab.kubeconfig, path.join(directory, KUBECONFIG));
  if (herald) {
    writeFileSync(path.join(directory, POOL_FILE), POOL);
  }
  lab.keep();
  await sayWhatNext(options);
}

/** Removes every process, namespace and file of the lab, or says that there is none. */
export async function down({ name, directory, say }: KeptLabOptions): Promise<void> {
  const prefix = prefixOf(name);
  await using _ = await lockHost();
  const isUp = existsSync(directoryOf(prefix));
  await removeLab(prefix);
  await removeDeadLabs();
  removeFiles(directory);
  say(isUp ? "The lab is down." : "No lab is up.");
}

/** Removes our own files, and the directory only when nobody else has put anything there. */
function removeFiles(directory: string): void {
  for (const file of [KUBECONFIG, POOL_FILE]) {
    rmSync(path.join(directory, file), { force: true });
  }
  if (existsSync(directory) && readdirSync(directory).length === 0) {
    rmdirSync(directory);
  }
}

async function answers(directory: string): Promise<boolean> {
  const { kubectl } = await kubernetesPrograms();
  const args = ["--kubeconfig", path.join(directory, KUBECONFIG), "get", "--raw", "/readyz"];
  return (await runToExit(kubectl, args)).exit === 0;
}

async function sayWhatNext({ name, directory, say }: KeptLabOptions): Promise<void> {
  const prefix = prefixOf(name);
  const pool = path.join(directory, POOL_FILE);
  const kubectl = isOnPath("kubectl") ? "kubectl" : (await kubernetesPrograms()).kubectl;
  const onClient = `ip netns exec ${prefix}-c1`;
  const withHerald = [
    `${kubectl} apply -f ${pool}`,
    `${kubectl} describe service web`,
    `${onClient} curl http://${FIRST_ADDRESS}`,
  ];
  const commands = [
    `export KUBECONFIG=${path.join(directory, KUBECONFIG)}`,
    `${kubectl} get nodes,services`,
    ...(existsSync(pool) ? withHerald : []),
    `${onClient} curl http://192.0.2.11:${NODE_PORT}`,
    `tail -f ${path.join(directoryOf(prefix), "logs")}/*.log`,
    "make lab-down",
  ];
  say("What to type next:");
  for (const command of commands) {
    say(`  ${command}`);
  }
}
