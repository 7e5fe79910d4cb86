/** `make demo`: the main job, seen. Every line that it shows is the real output of a real program. */

import path from "node:path";
import { handOver } from "#test/lab/kept-lab.ts";
import { Lab } from "#test/lab/lab.ts";
import { PROBE_INTERVAL_MS, Scenes } from "./scenes.ts";
import { Stage } from "./stage.ts";

const KEPT = {
  name: "kept",
  herald: true,
  directory: path.resolve(import.meta.dirname, "../../.lab"),
};

const keep = process.env["KEEP"] === "1";
const stage = new Stage(8);

try {
  await demo();
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

async function demo(): Promise<void> {
  const lab = await stage.step(
    "A Kubernetes cluster of three nodes, and a client on their LAN",
    start,
  );
  try {
    await play(lab);
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
  if (keep) {
    stage.say("");
    await handOver(lab, { ...KEPT, say: (line) => stage.say(line) });
  } else {
    await lab[Symbol.asyncDispose]();
    stage.say(
      "Everything is removed again. Next: make demo KEEP=1 to look around in it, or the README.",
    );
  }
}

async function start(): Promise<Lab> {
  const progress = (sentence: string) => stage.progress(sentence);
  const lab = await Lab.start({ ...(keep && { name: KEPT.name }), progress });
  stage.command("kubectl get nodes --output wide");
  stage.output(await lab.kubectl("get", "nodes", "--output=wide"));
  return lab;
}

async function play(lab: Lab): Promise<void> {
  const [client] = lab.clients;
  if (client === undefined) {
    throw new Error("the lab has no client");
  }
  const scenes = new Scenes(lab, client, stage);
  await stage.step("A pool of addresses, and the word to announce them", () => scenes.configure());
  const ip = await stage.step("A Service gets an address", () => scenes.serve());
  const owner = await stage.step("The client asks by ARP who has it: one node answers", () =>
    scenes.ask(ip),
  );
  await stage.step("The page comes through the address", () => scenes.fetchPage(ip));
  await stage.step("The logs tell the story of the address", () => scenes.showLog(owner, ip));
  const report = await stage.step(`The cable of ${owner} is pulled: another node takes over`, () =>
    scenes.pullCable(owner, ip),
  );
  await stage.step("The page comes through the other node", () => scenes.fetchPage(ip));
  await scenes.end();

  const { longestGapMs, received, sent } = report;
  stage.say("");
  stage.say(
    `While the cable was pulled, a packet was sent every ${PROBE_INTERVAL_MS} ms: ` +
      `the longest time without an answer was ${Math.round(longestGapMs)} ms, ${sent - received} of ${sent} packets were lost.`,
  );
}
