/** The scenes of the demo, each with what it shows and what has to be true for it to go on. */

import { writeFileSync } from "node:fs";
import path from "node:path";
import { eventually } from "#test/lab/eventually.ts";
import type { Host } from "#test/lab/host.ts";
import { POOL, SERVICE } from "#test/lab/kept-manifests.ts";
import type { Lab } from "#test/lab/lab.ts";
import { Process } from "#test/lab/process.ts";
import type { Stage } from "./stage.ts";
import type { ProbeReport } from "./udp-probe.ts";

export const PROBE_INTERVAL_MS = 5;

const CONDITIONS = [
  "get",
  "service",
  "web",
  "--output=jsonpath={range .status.conditions[*]}{.type}={.status}: {.message}{'\\n'}{end}",
];

/** After the page is there again, so that late losses count. */
const PROBE_PACKETS_AFTER = 200;

export class Scenes {
  readonly #lab: Lab;
  readonly #stage: Stage;
  readonly #client: Host;
  readonly #capture: Process;

  constructor(lab: Lab, client: Host, stage: Stage) {
    this.#lab = lab;
    this.#stage = stage;
    this.#client = client;
    this.#capture = this.#tool("tcpdump", ["-n", "-e", "-l", "-t", "-i", "eth0", "arp"]);
  }

  async configure(): Promise<void> {
    await this.#capture.start();
    await this.#capture.waitForLine(/listening on/);
    this.#stage.output(POOL);
    await this.#kubectl("apply", "--filename", this.#file("pool.yaml", POOL));
  }

  /** @returns the address of the Service */
  async serve(): Promise<string> {
    await this.#kubectl("apply", "--filename", this.#file("web.yaml", SERVICE));
    const ip = await eventually(() =>
      this.#lab.kubectl(
        "get",
        "service",
        "web",
        "--output=jsonpath={.status.loadBalancer.ingress[0].ip}",
      ),
    );
    await this.#lab.setEndpoints("web", "default", [{ ip: this.#lab.backend.lanIp }]);
    await this.#kubectl("get", "service", "web");
    await eventually(async () =>
      (await this.#lab.kubectl(...CONDITIONS)).includes("Announced=True"),
    );
    await this.#kubectl(...CONDITIONS);
    return ip;
  }

  /** @returns the name of the node that answers */
  async ask(ip: string): Promise<string> {
    const owner = await this.#ownerOtherThan(undefined, ip);
    this.#stage.command(`arping -f -I eth0 ${ip}   # on the client`);
    this.#stage.output(await this.#client.exec("arping", ["-f", "-w", "5", "-I", "eth0", ip]));
    this.#stage.command("tcpdump -n -e arp   # on the client, meanwhile");
    const reply = await this.#capture.waitForLine(
      new RegExp(`> ${this.#client.mac}.* ${ip} is-at`),
    );
    const request = await this.#capture.waitForLine(
      new RegExp(`who-has ${ip} .*tell ${this.#client.lanIp}`),
    );
    this.#stage.output(`${request}\n${reply}`);
    this.#stage.say(`${this.#lab.node(owner).mac} is ${owner}`);
    return owner;
  }

  /** @throws {Error} when what comes is not the page */
  async fetchPage(ip: string): Promise<void> {
    this.#stage.command(`curl --include http://${ip}/   # on the client`);
    await eventually(async () => {
      const { status, body } = await this.#client.curl(`http://${ip}/`, 1_000);
      return status === 200 && body.includes("hello from");
    });
    this.#stage.output(
      await this.#client.exec("curl", [
        "--silent",
        "--include",
        "--max-time",
        "2",
        `http://${ip}/`,
      ]),
    );
  }

  async showLog(owner: string, ip: string): Promise<void> {
    await this.#lab
      .speaker(owner)
      .waitForLog(({ msg, ip: address }) => msg === "first request answered" && address === ip);
    for (const process of [this.#lab.controller, this.#lab.speaker(owner)]) {
      this.#stage.command(`grep ${ip} ${process.logPath}`);
      this.#stage.output(process.lines.filter((line) => line.includes(ip)).join("\n"));
    }
  }

  /** Sends packets all the time while the owner's cable is pulled, and another node takes over. */
  async pullCable(owner: string, ip: string): Promise<ProbeReport> {
    const probe = this.#tool(process.execPath, [
      path.join(import.meta.dirname, "udp-probe.ts"),
      ip,
      "7",
      String(PROBE_INTERVAL_MS),
    ]);
    await probe.start();
    await probe.waitForLine(/^first$/);
    const cable = `ip link set ${this.#lab.lan.portOf(owner)} nomaster`;
    this.#stage.command(`${cable}   # on the switch`);
    await this.#lab.lan.unplug(owner);
    const next = await this.#ownerOtherThan(owner, ip);
    const { mac } = this.#lab.node(next);
    this.#stage.command(`ip neighbour show ${ip}   # on the client`);
    const neighbour = await eventually(async () => {
      const entry = await this.#client.exec("ip", ["neighbour", "show", ip]);
      return entry.includes(mac) && entry;
    });
    this.#stage.output(neighbour);
    this.#stage.say(`${mac} is ${next}`);
    const moved = await this.#lab
      .speaker(next)
      .waitForLog(
        ({ msg, from, ip: address }) => msg === "owner changed" && from === owner && address === ip,
      );
    this.#stage.command(`grep "owner changed" ${this.#lab.speaker(next).logPath}`);
    this.#stage.output(JSON.stringify(moved));
    return await this.#report(probe);
  }

  async end(): Promise<void> {
    await this.#capture.stop();
  }

  async #report(probe: Process): Promise<ProbeReport> {
    const from = probe.lines.length;
    await probe.waitForLine(new RegExp(`^${PROBE_PACKETS_AFTER} more$`), { from });
    await probe.stop();
    return JSON.parse(probe.lines.at(-1) ?? "");
  }

  async #ownerOtherThan(node: string | undefined, ip: string): Promise<string> {
    return await eventually(async () => {
      const [mac] = await this.#client.arping(ip, { broadcast: true });
      const owner = this.#lab.nodes.find((candidate) => candidate.mac === mac)?.name;
      return owner !== node && owner;
    });
  }

  async #kubectl(...args: readonly string[]): Promise<void> {
    const shown = args.map((arg) => (arg.startsWith("/") ? path.basename(arg) : arg));
    this.#stage.command(`kubectl ${shown.join(" ")}`);
    this.#stage.output(await this.#lab.kubectl(...args));
  }

  #file(name: string, text: string): string {
    const file = path.join(this.#lab.directory, name);
    writeFileSync(file, text);
    return file;
  }

  /** A program on the client that runs beside the scenes. */
  #tool(command: string, args: readonly string[]): Process {
    const name = path.basename(args[0]?.endsWith(".ts") ? args[0] : command, ".ts");
    const logPath = path.join(this.#lab.directory, "logs", `${name}.log`);
    return new Process({ name, namespace: this.#client.namespace, command, args, logPath });
  }
}
