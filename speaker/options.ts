import { Command, InvalidArgumentError, Option } from "commander";
import { parseDuration } from "#lib/api/parse-duration.ts";
import { INTERFACES, type Interfaces } from "#lib/api/pool.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { PROFILE_NAMES, type ProfileName } from "#lib/membership/profile.ts";
import { type MetricsOptions, withMetricsOptions } from "#lib/metrics/options.ts";
import {
  type CommonOptions,
  parsePort,
  parsePortOrNone,
  withCommonOptions,
} from "#lib/process/options.ts";
import { readLinkPattern } from "./link-pattern.ts";
import { PLACEMENTS, type Placement } from "./network/moves.ts";
import { DEFAULT_ANNOUNCE_RATE } from "./network/pace.ts";
import { DEFAULT_ANSWER_RATE, DEFAULT_ANSWER_RATE_PER_CLIENT } from "./network/rate-limit.ts";

/** Where MetalLB's speakers talk to each other, so that firewalls pass it already. */
const DEFAULT_MEMBER_PORT = 7946;

/** MetalLB's. */
const DEFAULT_HEALTH_PORT = 17472;

/** A node that comes back, and goes again with the next crash of its kernel, moves its addresses but once. */
const DEFAULT_FAILBACK = "30s";

/** More than any speaker can send. */
const MAX_RATE = 10_000_000;

export interface SpeakerOptions extends CommonOptions, MetricsOptions {
  readonly nodeName: string;
  readonly ignoreExcludeLb: boolean;
  readonly memberKeyDirectory: string;
  /** Empty: nothing is kept. */
  readonly stateDir: string;
  readonly mlBindport: number;
  /** Milliseconds; Infinity: never. */
  readonly failback: number;
  readonly placement: Placement;
  readonly profile: ProfileName;
  readonly surrogate: "on" | "off";
  readonly excludeLinksFile: string;
  /** For the pools that do not say it themselves. */
  readonly interfaces: Interfaces;
  readonly promiscuousLinks: readonly RegExp[];
  /** Frames a second on one link; 0: no limit. */
  readonly announceRate: number;
  /** Answers a second on one link, to all and to one MAC address; 0: no limit. */
  readonly answerRate: number;
  readonly answerRatePerClient: number;
  /** 0: none. */
  readonly healthProbePort: number;
}

export function speakerCommand(run: (options: SpeakerOptions) => Promise<void>): Command {
  const command = withMetricsOptions(withCommonOptions(new Command("herald-speaker")))
    .description("Answers ARP and NDP for the addresses of Services that this node owns.")
    .addOption(
      new Option("--node-name <name>", "name of the Node it runs on")
        .env("HERALD_NODE_NAME")
        .makeOptionMandatory(),
    )
    .addOption(
      new Option(
        "--ignore-exclude-lb",
        "let nodes labelled node.kubernetes.io/exclude-from-external-load-balancers announce",
      )
        .env("HERALD_IGNORE_EXCLUDE_LB")
        .default(false),
    )
    .addOption(
      new Option(
        "--member-key-directory <path>",
        "where the Secret with the key of the heartbeats is mounted (file secretkey)",
      )
        .env("HERALD_MEMBER_KEY_DIRECTORY")
        .default("/etc/herald/member-key"),
    )
    .addOption(
      new Option(
        "--state-dir <path>",
        "where to keep what is needed to answer again while the API server is down; empty: nowhere",
      )
        .env("HERALD_STATE_DIR")
        .default("/var/lib/herald"),
    )
    .addOption(
      new Option("--ml-bindport <port>", "UDP port of the heartbeats between speakers")
        .env("HERALD_ML_BINDPORT")
        .argParser(parsePort)
        .default(DEFAULT_MEMBER_PORT),
    )
    .addOption(
      new Option(
        "--health-probe-port <port>",
        "port of /healthz, /readyz, /capture and /members on 127.0.0.1, by plain HTTP; 0: none",
      )
        .env("HERALD_HEALTH_PROBE_PORT")
        .argParser(parsePortOrNone)
        .default(DEFAULT_HEALTH_PORT),
    );
  return withRateOptions(withLinkOptions(withMoveOptions(command))).action(run);
}

function withMoveOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--failback <duration>",
        "how long a node is to be well again until it gets back the addresses for which it is preferred; never: it does not",
      )
        .env("HERALD_FAILBACK")
        .argParser(parseFailback)
        .default(parseFailback(DEFAULT_FAILBACK), DEFAULT_FAILBACK),
    )
    .addOption(
      new Option(
        "--placement <how>",
        "which node is preferred for an address: as with MetalLB, or so that the nodes have about as many each",
      )
        .env("HERALD_PLACEMENT")
        .choices(PLACEMENTS)
        .default("metallb"),
    )
    .addOption(
      new Option(
        "--profile <how>",
        "how soon a silent node is given up: fast, balanced, or calm where machines are paused now and then",
      )
        .env("HERALD_PROFILE")
        .choices(PROFILE_NAMES)
        .default("balanced"),
    )
    .addOption(
      new Option(
        "--surrogate <how>",
        "whether another node lends its voice to one whose speaker is down; off where switches inspect ARP",
      )
        .env("HERALD_SURROGATE")
        .choices(["on", "off"])
        .default("on"),
    );
}

function withLinkOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--exclude-links-file <path>",
        "file with the names of links that never answer; a built-in list when it is missing",
      )
        .env("HERALD_EXCLUDE_LINKS_FILE")
        .default("/etc/metallb/excludel2.yaml"),
    )
    .addOption(
      new Option(
        "--interfaces <which>",
        "answer on all links, or on those whose subnet holds the address, unless its pool says otherwise",
      )
        .env("HERALD_INTERFACES")
        .choices(INTERFACES)
        .default("all"),
    )
    .addOption(
      new Option(
        "--promiscuous-links <expressions>",
        "let links hear all frames whose names match one of these regular expressions, with commas between",
      )
        .env("HERALD_PROMISCUOUS_LINKS")
        .argParser(parseLinkPatterns)
        .default([], "none"),
    );
}

function withRateOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--announce-rate <frames>", "announcements a second on one link; 0: no limit")
        .env("HERALD_ANNOUNCE_RATE")
        .argParser(parseRate)
        .default(DEFAULT_ANNOUNCE_RATE),
    )
    .addOption(
      new Option("--answer-rate <answers>", "answers a second on one link; 0: no limit")
        .env("HERALD_ANSWER_RATE")
        .argParser(parseRate)
        .default(DEFAULT_ANSWER_RATE),
    )
    .addOption(
      new Option(
        "--answer-rate-per-client <answers>",
        "answers a second to one MAC address on one link; 0: no limit",
      )
        .env("HERALD_ANSWER_RATE_PER_CLIENT")
        .argParser(parseRate)
        .default(DEFAULT_ANSWER_RATE_PER_CLIENT),
    );
}

/** @throws {InvalidArgumentError} when the text is neither a duration nor never */
function parseFailback(text: string): number {
  if (text === "never") {
    return Number.POSITIVE_INFINITY;
  }
  try {
    return parseDuration(text);
  } catch (cause) {
    throw cause instanceof MalformedError
      ? new InvalidArgumentError("give a number with a unit, such as 30s or 10m, or never")
      : cause;
  }
}

/** @throws {InvalidArgumentError} when the text is no number that a link could reach */
function parseRate(text: string): number {
  const rate = Number(text);
  if (!/^\d+$/.test(text) || rate > MAX_RATE) {
    throw new InvalidArgumentError(`give a whole number of at most ${MAX_RATE}, or 0 for no limit`);
  }
  return rate;
}

/** @throws {InvalidArgumentError} when one of them is no regular expression */
function parseLinkPatterns(text: string): readonly RegExp[] {
  const expressions = text.trim() === "" ? [] : text.split(",");
  return expressions.map((expression) => {
    const trimmed = expression.trim();
    if (trimmed === "") {
      throw new InvalidArgumentError("an expression is empty: remove the comma");
    }
    const read = readLinkPattern(trimmed);
    if (read.kind === "unreadable") {
      throw new InvalidArgumentError(read.why);
    }
    return read.pattern;
  });
}
