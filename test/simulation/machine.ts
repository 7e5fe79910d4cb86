import { parseRange } from "#lib/address/ip-range.ts";
import type { GroupDemand } from "#lib/election/candidates.ts";
import { Contender, type Outcome } from "#lib/election/contender.ts";
import type { Role } from "#lib/election/role.ts";
import type { MemberInfo, MemberState } from "#lib/membership/member-record.ts";
import type { Message } from "#lib/membership/message.ts";
import type { Profile } from "#lib/membership/profile.ts";
import type { Agenda } from "./agenda.ts";
import type { Medium } from "./medium.ts";
import type { Timeline } from "./timeline.ts";
import { STATE_NAMES, wordsFor } from "./words.ts";

/** As much as most nodes have to tell. */
const INFO: MemberInfo = {
  macs: ["02:00:5e:00:53:01"],
  subnets: [parseRange("198.51.100.0/24")],
  isDraining: false,
  isImpaired: false,
};

/** What waits in the socket of a process that stands still. */
const QUEUE_LENGTH = 200;

export interface MachineOptions {
  readonly name: string;
  readonly agenda: Agenda;
  readonly medium: Medium;
  readonly timeline: Timeline;
  readonly profile: Profile;
  readonly failbackMs: number;
  readonly random: () => number;
  /** Told when the group's role here may be another. @param announces clients are told unasked */
  roleChanged(machine: Machine, group: string, announces: boolean): void;
  /** Told when this machine comes to hold another for something else than before. */
  judged(node: string, state: MemberState): void;
  /** Told when something befell this machine. */
  faulted(): void;
  /** Whether the kernel of that node answers. */
  hasKernel(node: string): boolean;
  /** Whether the speaker of that node answers for the group with the node's own address. */
  owns(node: string, group: string): boolean;
  /** This machine tells all that it has the group. */
  announces(group: string): void;
}

type Process = "running" | "stopped" | "gone";

/** One node: a kernel, which answers probes and forwards, and a process, which runs what is simulated. */
export class Machine {
  readonly name: string;
  readonly #options: MachineOptions;
  #contender: Contender;
  #process: Process = "gone";
  #hasPower = true;
  #isFrozen = false;
  readonly #queue: { readonly from: string; readonly message: Message }[] = [];
  #wakeAt = Number.POSITIVE_INFINITY;
  #life = 0;
  /** What its own clock is behind the world's, since it stood still. */
  #clockLag = 0;
  #stoppedAt = 0;
  #nodes: readonly string[] = [];
  #info = INFO;
  #startedAt = 0;
  readonly #demands = new Map<string, GroupDemand>();
  readonly #roles = new Map<string, Role>();
  /** Its timers are so much late at most: others use its processor. */
  lateMs = 0;

  constructor(options: MachineOptions) {
    this.name = options.name;
    this.#options = options;
    this.#contender = this.#newContender();
    options.medium.plug(options.name, {
      receive: (from, message) => this.#receive(from, message),
    });
  }

  get isRunning(): boolean {
    return this.#hasPower && this.#process === "running";
  }

  get hasPower(): boolean {
    return this.#hasPower;
  }

  get contender(): Contender {
    return this.#contender;
  }

  /** When its speaker started, in virtual milliseconds. */
  get startedAt(): number {
    return this.#startedAt;
  }

  /** Whether it holds itself eligible. */
  mayOwn(group: string): boolean {
    return Iterator.from(this.#demands.get(group)?.order ?? []).some((name) => name === this.name);
  }

  /** What it answers for the group, if anybody asks now. */
  roleOf(group: string): Role | undefined {
    return this.isRunning ? this.#roles.get(group) : undefined;
  }

  setNodes(names: readonly string[]): void {
    this.#nodes = names;
    if (this.#process === "running") {
      this.#perform(this.#contender.setNodes(names, this.#now));
    }
  }

  put(demand: GroupDemand): void {
    this.#demands.set(demand.group, demand);
    if (this.#process === "running") {
      this.#perform(this.#contender.put(demand, this.#now));
    }
  }

  remove(group: string): void {
    this.#demands.delete(group);
    this.#setRole(group, undefined);
    if (this.#process === "running") {
      this.#perform(this.#contender.remove(group, "the Service is gone"));
    }
  }

  setDraining(isDraining: boolean): void {
    this.#info = { ...INFO, isDraining };
    this.#options.faulted();
    if (this.#process === "running") {
      this.#tell(isDraining ? "drains" : "drains no more");
      this.#perform(this.#contender.setInfo(this.#info, this.#now));
    }
  }

  start(): void {
    if (!this.hasKernel || this.#process !== "gone") {
      return;
    }
    this.#process = "running";
    this.#life += 1;
    this.#clockLag = 0;
    this.#startedAt = this.#options.agenda.now;
    this.#contender = this.#newContender();
    this.#options.faulted();
    this.#tell("starts");
    this.#perform(this.#contender.setNodes(this.#nodes, this.#now));
    for (const demand of this.#demands.values()) {
      this.#perform(this.#contender.put(demand, this.#now));
    }
    this.#perform(this.#contender.start(this.#now));
  }

  /** SIGKILL, or a crash. */
  kill(): void {
    if (this.#process !== "gone") {
      this.#tell("is killed");
      this.#end();
    }
  }

  /** SIGTERM. */
  terminate(): void {
    if (this.#process === "running") {
      this.#tell("is told to restart");
      this.#perform(this.#contender.restart(this.#now));
      this.#end();
    }
  }

  /** SIGSTOP. */
  stop(): void {
    if (this.#process === "running") {
      this.#tell("is stopped");
      this.#process = "stopped";
      this.#stoppedAt = this.#options.agenda.now;
      this.#options.faulted();
      this.#changedAll();
    }
  }

  /** SIGCONT. @param clockStood the machine's own clock did not run meanwhile */
  resume(clockStood = false): void {
    if (this.#process === "stopped" && !this.#isFrozen) {
      this.#process = "running";
      if (clockStood) {
        this.#clockLag += this.#options.agenda.now - this.#stoppedAt;
      }
      this.#tell("goes on");
      // the loop looks at its clock before it reads what waits
      this.#perform(this.#contender.tick(this.#now));
      for (const { from, message } of this.#queue.splice(0)) {
        this.#perform(this.#contender.receive(from, message, this.#now));
      }
      this.#options.faulted();
      this.#changedAll();
    }
  }

  /** The whole machine stands still, as a virtual machine that is moved. */
  freeze(): void {
    this.#isFrozen = true;
    this.stop();
  }

  thaw(clockStood: boolean): void {
    this.#isFrozen = false;
    this.resume(clockStood);
  }

  /** Whether its kernel answers and forwards. */
  get hasKernel(): boolean {
    return this.#hasPower && !this.#isFrozen;
  }

  powerOff(): void {
    if (this.#hasPower) {
      this.#tell("loses power");
      this.#hasPower = false;
      this.#isFrozen = false;
      this.#end();
      this.#options.medium.unplug(this.name);
    }
  }

  powerOn(): void {
    if (!this.#hasPower) {
      this.#hasPower = true;
      this.#options.medium.setSide(this.name, 0);
      this.start();
    }
  }

  #end(): void {
    this.#process = "gone";
    this.#queue.length = 0;
    this.#roles.clear();
    this.#wakeAt = Number.POSITIVE_INFINITY;
    this.#options.faulted();
    this.#changedAll();
  }

  get #now(): number {
    return this.#options.agenda.now - this.#clockLag;
  }

  #newContender(): Contender {
    const { failbackMs, name: self, profile, random, medium } = this.#options;
    return new Contender({
      self,
      profile,
      info: this.#info,
      failbackMs,
      hasSurrogates: true,
      random,
      // other hosts are never silent for long
      hearsFrames: () => medium.isPlugged(self) && !medium.isDeaf(self),
    });
  }

  #receive(from: string, message: Message): void {
    if (!this.#hasPower) {
      return;
    }
    if (this.#process === "running") {
      this.#perform(this.#contender.receive(from, message, this.#now));
    } else if (this.#process === "stopped" && this.#queue.length < QUEUE_LENGTH) {
      this.#queue.push({ from, message });
    }
  }

  #perform(outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) {
      this.#performOne(outcome);
    }
    this.#sleep();
  }

  #performOne(outcome: Outcome): void {
    switch (outcome.kind) {
      case "send":
        this.#options.medium.send(this.name, outcome.to, outcome.message);
        break;
      case "probe":
        this.#probe(outcome.node);
        break;
      case "role":
        this.#setRole(outcome.group, outcome.role);
        break;
      case "member": {
        const { because, node, to } = outcome.change;
        this.#options.judged(node, to);
        this.#tell(`holds ${node} for ${STATE_NAMES[to]}: ${because}`);
        break;
      }
      case "settled":
        this.#tell(`${outcome.isSettled ? "is settled" : "asks"}: ${outcome.because}`);
        break;
      case "ask":
        this.#ask(outcome.group, outcome.owner);
        break;
      case "defend":
      case "announce":
        this.#options.announces(outcome.group);
        break;
      case "hearing":
        this.#tell(`${outcome.node} ${outcome.hearsThis ? "hears" : "does not hear"} it`);
        break;
      case "info":
      case "forgotten":
        break;
      case "owner": {
        const { because, from = "nobody", group, to = "nobody" } = outcome;
        this.#tell(`${from} > ${to}: ${because}`, group);
        break;
      }
    }
  }

  #probe(node: string): void {
    const isAnswered = () => this.#options.hasKernel(node);
    this.#question(node, isAnswered, () => this.#contender.probeAnswered(node, this.#now));
  }

  /** As a frame to the owner's MAC address, which its speaker answers if it thinks that it owns the group. */
  #ask(group: string, owner: string): void {
    const isAnswered = () => this.#options.owns(owner, group);
    this.#question(owner, isAnswered, () => this.hearAddress(group, owner));
  }

  #question(node: string, isAnswered: () => boolean, answered: () => void): void {
    const life = this.#life;
    this.#options.medium.probe(this.name, node, isAnswered, () => {
      if (life === this.#life && this.#process === "running") {
        answered();
      }
    });
  }

  /** A frame came in that tells the MAC address of the node for the group. */
  hearAddress(group: string, node: string): void {
    if (this.isRunning) {
      this.#perform(this.#contender.addressHeard(group, node, this.#now));
    }
  }

  #setRole(group: string, role: Role | undefined): void {
    if (role === undefined) {
      this.#roles.delete(group);
    } else {
      this.#roles.set(group, role);
    }
    this.#tell(wordsFor(role), group);
    this.#options.roleChanged(this, group, role?.kind === "own");
    if (role?.kind === "own") {
      this.#options.announces(group);
    }
  }

  #changedAll(): void {
    for (const group of this.#demands.keys()) {
      this.#options.roleChanged(this, group, false);
    }
  }

  #sleep(): void {
    if (this.#process !== "running") {
      return;
    }
    const { agenda, random } = this.#options;
    // what a clock that lags shows is rounded
    const rounding = this.#clockLag > 0 ? 0.001 : 0;
    const due = this.#contender.nextDeadline(this.#now) + this.#clockLag + rounding;
    const at = Math.max(due, agenda.now) + (this.lateMs > 0 ? this.lateMs * random() : 0);
    if (at >= this.#wakeAt) {
      return;
    }
    this.#wakeAt = at;
    const life = this.#life;
    agenda.at(at, () => {
      if (life === this.#life && this.#wakeAt === at) {
        this.#wakeAt = Number.POSITIVE_INFINITY;
        if (this.isRunning) {
          this.#perform(this.#contender.tick(this.#now));
        }
      }
    });
  }

  #tell(what: string, group?: string): void {
    this.#options.timeline.tell(this.#options.agenda.now, this.name, what, group);
  }
}
