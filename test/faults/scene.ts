/** A lab with one Service that is looked at from outside, and all that faults are made of. */

import { setPriority } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { preferenceOrder } from "#lib/election/order.ts";
import { sha256 } from "#speaker/sha256.ts";
import { ClusterUser } from "#test/e2e/cluster-user.ts";
import { eventually } from "#test/lab/eventually.ts";
import type { Host, Node } from "#test/lab/host.ts";
import { Lab } from "#test/lab/lab.ts";
import { processesIn } from "#test/lab/network-namespace.ts";
import { Announcements } from "./announcements.ts";
import { Connections } from "./connections.ts";
import { Freezer } from "./freezer.ts";
import type { Acquaintance } from "./observation/findings.ts";
import { Observation } from "./observation/observation.ts";
import { compileObserver } from "./observation/observer.ts";
import { createOtherServices } from "./other-services.ts";
import type { Setting } from "./setting.ts";
import { SwitchFilter } from "./switch-filter.ts";
import { WallClocks } from "./wall-clocks.ts";

export interface SceneOptions {
  readonly setting: Setting;
  /** A folder that tools/bundle.ts has made; the sources run when it is left out. */
  readonly bundle?: string | undefined;
  readonly progress: (sentence: string) => void;
}

/** What is looked at. */
export interface Subject {
  readonly addresses: readonly string[];
  /** Where the address wants to be: the node that it goes back to. */
  readonly home: string | undefined;
}

export const SERVICE = "web";
const ECHO_PORT = 7;
/** As the observer's: a packet that waits for its echo makes a gap that no fault has made. */
const ECHO_PRIORITY = -15;
const HTTP_PORT = 80;
/** A block that RFC 2544 sets aside for benchmarks. */
export const PREFIX_OF_OTHERS = "198.18.";
const POOL_OF_OTHERS = `${PREFIX_OF_OTHERS}0.0/16`;
const POOL = ["192.0.2.200/32", "2001:db8:0:1::200/128"];
const READY_URL = "http://127.0.0.1:17472/readyz";
/** An import that has a speaker do things at a signal; see there. */
const MAIN_THREAD_BUSY = path.join(import.meta.dirname, "busy-main-thread/main.ts");

/** An owner that is the same for so long, and all the while reached. */
const STEADY_MS = 3_000;
const SETTLE_LIMIT_MS = 90_000;
const LOOK_EVERY_MS = 250;
/** Linux believes no other MAC for a second after it has learnt one: arp(7), locktime. */
const LEARNT_MS = 1_500;
/** An owner goes back after 30 s, with as much for the rest. */
const HOME_LIMIT_MS = 45_000;
const READY_LIMIT_MS = 60_000;

export class Scene implements AsyncDisposable {
  readonly setting: Setting;
  readonly lab: Lab;
  readonly user: ClusterUser;
  readonly filter: SwitchFilter;
  readonly freezer = new Freezer();
  readonly clocks: WallClocks;
  readonly subject: Subject;
  readonly #observer: string;
  #runs = 0;

  private constructor(
    setting: Setting,
    lab: Lab,
    clocks: WallClocks,
    subject: Subject,
    observer: string,
  ) {
    this.setting = setting;
    this.lab = lab;
    this.user = new ClusterUser(lab);
    this.filter = new SwitchFilter(lab.lan, setting.lossPercent);
    this.clocks = clocks;
    this.subject = subject;
    this.#observer = observer;
  }

  static async start({ setting, bundle, progress }: SceneOptions): Promise<Scene> {
    using resources = new DisposableStack();
    const clocks = resources.use(await WallClocks.prepare());
    const { nodes, profile, services } = setting;
    const env = {
      NODE_OPTIONS: `--import=${MAIN_THREAD_BUSY}`,
      HERALD_PROFILE: profile,
      ...clocks.env,
    };
    const lab = await Lab.start({ nodes, clients: 2, herald: { bundle, env }, progress });
    try {
      const observer = await compileObserver(lab.directory);
      const user = new ClusterUser(lab);
      await user.configure(POOL);
      for (const pid of processesIn([lab.backend.namespace])) {
        setPriority(pid, ECHO_PRIORITY);
      }
      await applyService(lab, user);
      await eventually(async () => (await user.addresses(SERVICE)).length === POOL.length);
      const addresses = await user.addresses(SERVICE);
      if (services > 0) {
        progress(`creating ${services} Services more`);
        await user.applyPool("others", [POOL_OF_OTHERS]);
        await createOtherServices(lab, services, "others");
      }
      const home = homeOf(addresses[0] ?? "", lab.nodes);
      const scene = new Scene(setting, lab, clocks, { addresses, home }, observer);
      await scene.filter.clear();
      await scene.#reached();
      resources.move();
      return scene;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Looks at addresses, those of the Service by default. */
  async observe(isByTwo: boolean, { addresses }: Subject = this.subject): Promise<Observation> {
    const run = this.#runs++;
    const hosts = this.lab.clients.slice(0, isByTwo ? 2 : 1);
    return await Observation.start(
      hosts.flatMap((host) =>
        addresses.map((address, index) => ({
          program: this.#observer,
          host,
          address,
          port: ECHO_PORT,
          hasBackend: host === this.client,
          logPath: this.#logPath(`observer-${run}-${host.name}-${index}`),
        })),
      ),
    );
  }

  /** Opens TCP connections from the first client, through the first address of the Service. */
  connect(): Promise<Connections> {
    const [address = ""] = this.subject.addresses;
    const log = this.#logPath(`connections-${this.#runs}`);
    return Connections.open(this.client, address, HTTP_PORT, log);
  }

  /** Listens to the announcements of all addresses. */
  hearAnnouncements(): Promise<Announcements> {
    return Announcements.start(this.stranger, this.#logPath(`announcements-${this.#runs}`));
  }

  get client(): Host {
    return this.#host(0);
  }

  /** A host that has nothing to do with the addresses. */
  get stranger(): Host {
    return this.#host(1);
  }

  get nodeNames(): readonly string[] {
    return this.lab.nodes.map(({ name }) => name);
  }

  acquaintance(hasStranger: boolean): Acquaintance {
    return {
      nodes: new Set(this.lab.nodes.map(({ mac }) => mac)),
      strangers: new Set(hasStranger ? [this.stranger.mac] : []),
    };
  }

  /** The name of the node with this MAC; the MAC itself when it is no node's. */
  nameOf(mac: string): string {
    return this.lab.nodes.find((node) => node.mac === mac)?.name ?? mac;
  }

  /**
   * Waits until one node has had the addresses for a while, was reached, and is whom the client sends to.
   *
   * @param startsAtHome waits for some time until that is the node to which they want to go
   * @returns its name
   */
  async settle(
    observation: Observation,
    startsAtHome: boolean,
    subject: Subject = this.subject,
  ): Promise<string> {
    const began = performance.now();
    return await eventually(
      async () => {
        await delay(LOOK_EVERY_MS);
        const steady = observation.steadyOwner(STEADY_MS);
        if ("why" in steady) {
          throw new Error(steady.why);
        }
        const owner = this.nameOf(steady.mac);
        const { home = owner } = subject;
        const isPatient = startsAtHome && performance.now() - began < HOME_LIMIT_MS;
        return (owner === home || !isPatient) && (await this.#isFollowed(owner, subject)) && owner;
      },
      { withinMs: SETTLE_LIMIT_MS },
    );
  }

  /** Takes the power from a node, as far as others can see it. */
  async powerOff(node: string): Promise<void> {
    await Promise.all([this.lab.lan.unplug(node), this.lab.management.unplug(node)]);
  }

  async powerOn(node: string): Promise<void> {
    await Promise.all([this.lab.lan.plug(node), this.lab.management.plug(node)]);
  }

  /** Starts the speaker of a node, and waits until it says that it is ready. */
  async startSpeaker(node: string): Promise<void> {
    await this.lab.speaker(node).start();
    await this.ready(node);
  }

  async ready(node: string): Promise<void> {
    await eventually(async () => (await this.lab.node(node).curl(READY_URL)).status === 200, {
      withinMs: READY_LIMIT_MS,
    });
  }

  /** Puts everything right again, whatever was done to it. */
  async restore(): Promise<void> {
    this.freezer.thaw();
    await this.filter.clear();
    for (const node of this.nodeNames) {
      this.clocks.set(node, 0);
      await this.powerOn(node);
      await this.lab.lan.setCarrier(node, "up");
    }
    for (const program of [this.lab.etcd, this.lab.apiServer, ...this.lab.controllers]) {
      if (!program.isRunning) {
        await program.start();
      }
    }
    await Promise.all(this.nodeNames.map((node) => this.#restoreSpeaker(node)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.freezer.thaw();
    await this.lab[Symbol.asyncDispose]();
    this.clocks[Symbol.dispose]();
  }

  /**
   * Waits for kube-proxy on all nodes' behalf: to a UDP flow that begins before, connection tracking would deny the backend
   * for as long as it goes on.
   */
  async #reached(): Promise<void> {
    for (const address of this.subject.addresses) {
      const host = address.includes(":") ? `[${address}]` : address;
      await eventually(async () => (await this.client.curl(`http://${host}/`)).status === 200);
    }
  }

  /** Has the client ask anew for addresses that it takes for another node's. */
  async #isFollowed(owner: string, { addresses }: Subject): Promise<boolean> {
    const targets = await Promise.all(addresses.map((ip) => this.user.sendsTo(ip)));
    const wrong = addresses.filter((_, index) => targets[index] !== owner);
    for (const ip of wrong) {
      await this.client.exec("ip", ["neighbour", "flush", "to", ip, "dev", "eth0"]);
    }
    if (wrong.length > 0) {
      await delay(LEARNT_MS);
    }
    return wrong.length === 0;
  }

  async #restoreSpeaker(node: string): Promise<void> {
    const speaker = this.lab.speaker(node);
    if (speaker.isRunning) {
      speaker.signal("SIGCONT");
    } else {
      await speaker.start();
    }
    await this.ready(node);
  }

  #host(index: number): Host {
    const host = this.lab.clients[index];
    if (host === undefined) {
      throw new Error(`The lab has no client ${index}`);
    }
    return host;
  }

  #logPath(name: string): string {
    return path.join(this.lab.directory, "logs", `${name}.log`);
  }
}

/** A page and an echo, from a host that stays when nodes go. */
async function applyService(lab: Lab, user: ClusterUser): Promise<void> {
  await user.applyService(SERVICE, {
    annotations: { "metallb.io/address-pool": "lab" },
    spec: {
      ipFamilyPolicy: "RequireDualStack",
      allocateLoadBalancerNodePorts: false,
      ports: [
        { name: "http", port: HTTP_PORT, targetPort: 8080 },
        { name: "echo", port: ECHO_PORT, protocol: "UDP", targetPort: 8080 },
      ],
    },
  });
  const { lanIp, lanIp6 } = lab.backend;
  await lab.setEndpoints(SERVICE, "default", [{ ip: lanIp }, { ip: lanIp6 }]);
}

/** The first in MetalLB's order, in which the nodes of a lab differ by their names alone. */
function homeOf(address: string, nodes: readonly Node[]): string | undefined {
  const equals = nodes.map(({ name }) => {
    return { name, labels: {}, internalIps: [], networkUnavailable: false };
  });
  return preferenceOrder(equals, [], address, sha256)[0];
}
