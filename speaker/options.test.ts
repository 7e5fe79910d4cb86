import type { CommanderError } from "commander";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type SpeakerOptions, speakerCommand } from "./options.ts";

const NEEDED = ["--node-name", "n1"];

afterEach(() => {
  vi.unstubAllEnvs();
});

async function parse(...args: readonly string[]): Promise<SpeakerOptions> {
  const { promise, resolve } = Promise.withResolvers<SpeakerOptions>();
  const command = speakerCommand(async (options) => resolve(options));
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  await command.parseAsync([...NEEDED, ...args], { from: "user" });
  return await promise;
}

async function refusal(...args: readonly string[]): Promise<string> {
  const error = await parse(...args).then(
    () => undefined,
    (cause: CommanderError) => cause,
  );
  return error?.message ?? "none";
}

test("what is not said is as the manifests and MetalLB have it", async () => {
  expect(await parse()).toMatchObject({
    nodeName: "n1",
    ignoreExcludeLb: false,
    memberKeyDirectory: "/etc/herald/member-key",
    mlBindport: 7_946,
    port: 9_120,
    healthProbePort: 17_472,
    excludeLinksFile: "/etc/metallb/excludel2.yaml",
    stateDir: "/var/lib/herald",
    failback: 30_000,
    placement: "metallb",
    profile: "balanced",
    surrogate: "on",
    interfaces: "all",
    promiscuousLinks: [],
    announceRate: 5_000,
    answerRate: 100_000,
    answerRatePerClient: 1_000,
  });
});

const VALUES: readonly (readonly [
  flag: string,
  text: string,
  name: keyof SpeakerOptions,
  value: unknown,
])[] = [
  ["health-probe-port", "0", "healthProbePort", 0],
  ["health-probe-port", "8080", "healthProbePort", 8_080],
  ["port", "0", "port", 0],
  ["exclude-links-file", "/tmp/links.yaml", "excludeLinksFile", "/tmp/links.yaml"],
  ["state-dir", "/tmp/state", "stateDir", "/tmp/state"],
  ["state-dir", "", "stateDir", ""],
  ["failback", "10m", "failback", 600_000],
  ["failback", "0s", "failback", 0],
  ["failback", "never", "failback", Number.POSITIVE_INFINITY],
  ["placement", "balanced", "placement", "balanced"],
  ["profile", "fast", "profile", "fast"],
  ["profile", "calm", "profile", "calm"],
  ["surrogate", "off", "surrogate", "off"],
  ["interfaces", "subnet", "interfaces", "subnet"],
  ["promiscuous-links", "^wlan, ^wlp[0-9]", "promiscuousLinks", [/^wlan/u, /^wlp[0-9]/u]],
  ["promiscuous-links", "", "promiscuousLinks", []],
  ["announce-rate", "0", "announceRate", 0],
  ["announce-rate", "10000000", "announceRate", 10_000_000],
  ["answer-rate", "300000", "answerRate", 300_000],
  ["answer-rate-per-client", "50", "answerRatePerClient", 50],
];

describe.each(VALUES)("--%s %s", (flag, text, name, value) => {
  test("counts as flag", async () => {
    expect((await parse(`--${flag}`, text))[name]).toEqual(value);
  });

  test("counts as variable of the environment", async () => {
    vi.stubEnv(`HERALD_${flag.toUpperCase().replaceAll("-", "_")}`, text);
    expect((await parse())[name]).toEqual(value);
  });
});

const FAILBACK = "give a number with a unit, such as 30s or 10m, or never";
const RATE = "give a whole number of at most 10000000, or 0 for no limit";

test.each([
  ["--health-probe-port", "65536", "give a whole number from 1 to 65535, or 0 for none"],
  ["--health-probe-port", "", "give a whole number from 1 to 65535, or 0 for none"],
  ["--port", "-1", "give a whole number from 1 to 65535, or 0 for none"],
  ["--interfaces", "some", "Allowed choices are all, subnet."],
  ["--failback", "30", FAILBACK],
  ["--failback", "-1s", FAILBACK],
  ["--failback", "", FAILBACK],
  ["--placement", "even", "Allowed choices are metallb, balanced."],
  ["--profile", "slow", "Allowed choices are fast, balanced, calm."],
  ["--surrogate", "yes", "Allowed choices are on, off."],
  ["--announce-rate", "10000001", RATE],
  ["--announce-rate", "-1", RATE],
  ["--answer-rate", "1e5", RATE],
  ["--answer-rate-per-client", "many", RATE],
  [
    "--promiscuous-links",
    "wlan[",
    '"wlan[" is no regular expression that can be read (unterminated character class): write one such as ^veth.*',
  ],
  [
    "--promiscuous-links",
    "wlan[0-9]{1,2}",
    '"wlan[0-9]{1" is no regular expression that can be read (incomplete quantifier): write one such as ^veth.*',
  ],
  ["--promiscuous-links", "^wlan,", "an expression is empty: remove the comma"],
])("%s %j is refused: %s", async (flag, text, why) => {
  expect(await refusal(flag, text)).toMatch(new RegExp(`is invalid. ${RegExp.escape(why)}$`));
});

test("the name of the node must be said", async () => {
  const command = speakerCommand(async () => undefined);
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  await expect(command.parseAsync([], { from: "user" })).rejects.toThrow(
    "required option '--node-name <name>' not specified",
  );
});
