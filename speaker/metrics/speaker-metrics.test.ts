import { beforeEach, expect, test } from "vitest";
import { LATENCY_BOUNDS } from "#speaker/network/latency.ts";
import { FAILOVER_BOUNDS, LATENESS_BOUNDS } from "#speaker/network/member-counts.ts";
import type { NetworkCounts } from "#speaker/network/messages.ts";
import { SpeakerMetrics } from "./speaker-metrics.ts";

const WEB = "default/web";
const SHOP = "shop/api";

const COUNTS: NetworkCounts = {
  addresses: [
    { ip: "192.0.2.10", requests: 7, responses: 6, announcements: 5 },
    { ip: "2001:db8::10", requests: 3, responses: 0, announcements: 1 },
  ],
  drops: { tooShort: 2, heartbeatNotAuthentic: 1 },
  socketDrops: { eth0: 9, eth1: 0 },
  conflicts: 1,
  membership: {
    states: { alive: 2, dead: 1 },
    suspicions: 4,
    failovers: {
      counts: FAILOVER_BOUNDS.map((bound) => (bound < 0.36 ? 0 : 1)).concat(1),
      sum: 0.36,
    },
    heartbeatLateness: { counts: LATENESS_BOUNDS.map(() => 9).concat(9), sum: 0.001 },
  },
  latency: { counts: LATENCY_BOUNDS.map((_, index) => index).concat(20), sum: 0.25 },
};

let counts: NetworkCounts | undefined;
let ips: Map<string, readonly string[]>;
let metrics: SpeakerMetrics;

beforeEach(() => {
  counts = COUNTS;
  ips = new Map([
    [WEB, ["192.0.2.10", "2001:db8::10"]],
    [SHOP, ["192.0.2.10"]],
  ]);
  metrics = new SpeakerMetrics({
    node: "n1",
    counts: () => Promise.resolve(counts),
    ipsOf: (service) => ips.get(service) ?? [],
  });
});

const change = (service: string, to: string | undefined) => ({
  service,
  from: undefined,
  to,
  because: "it is so",
});

/** The samples whose line matches. */
async function samples(pattern: RegExp): Promise<string[]> {
  const lines = (await metrics.registry.text()).split("\n");
  return lines.filter((line) => !line.startsWith("#") && pattern.test(line));
}

test("has a series for each address of each Service that this node owns, until it does not", async () => {
  metrics.ownersChanged([change(WEB, "n1"), change(SHOP, "n1"), change("default/other", "n2")]);
  expect(await samples(/announced/)).toEqual([
    'metallb_speaker_announced{service="default/web",protocol="layer2",node="n1",ip="192.0.2.10"} 1',
    'metallb_speaker_announced{service="default/web",protocol="layer2",node="n1",ip="2001:db8::10"} 1',
    'metallb_speaker_announced{service="shop/api",protocol="layer2",node="n1",ip="192.0.2.10"} 1',
  ]);
  ips.set(WEB, ["2001:db8::10"]);
  metrics.ownersChanged([change(SHOP, "n2")]);
  expect(await samples(/announced/)).toEqual([
    'metallb_speaker_announced{service="default/web",protocol="layer2",node="n1",ip="2001:db8::10"} 1',
  ]);
  metrics.ownersChanged([change(WEB, undefined)]);
  expect(await samples(/announced/)).toEqual([]);
});

test("counts an address once that Services share", async () => {
  expect(await samples(/owned_addresses/)).toEqual(["herald_speaker_owned_addresses 0"]);
  metrics.ownersChanged([change(WEB, "n1"), change(SHOP, "n1")]);
  expect(await samples(/owned_addresses/)).toEqual(["herald_speaker_owned_addresses 2"]);
});

test("counts requests, answers and announcements of each address while it is here", async () => {
  expect(await samples(/layer2_/)).toEqual([
    'metallb_layer2_requests_received{ip="192.0.2.10"} 7',
    'metallb_layer2_requests_received{ip="2001:db8::10"} 3',
    'metallb_layer2_responses_sent{ip="192.0.2.10"} 6',
    'metallb_layer2_responses_sent{ip="2001:db8::10"} 0',
    'metallb_layer2_gratuitous_sent{ip="192.0.2.10"} 5',
    'metallb_layer2_gratuitous_sent{ip="2001:db8::10"} 1',
  ]);
  counts = { ...COUNTS, addresses: COUNTS.addresses.slice(1) };
  expect(await samples(/layer2_.*192/)).toEqual([]);
});

test("shows what else the network thread counts", async () => {
  expect(await samples(/herald_speaker_(frames|socket|address)/)).toEqual([
    'herald_speaker_frames_dropped_total{reason="tooShort"} 2',
    'herald_speaker_frames_dropped_total{reason="heartbeatNotAuthentic"} 1',
    'herald_speaker_socket_drops_total{link="eth0"} 9',
    'herald_speaker_socket_drops_total{link="eth1"} 0',
    "herald_speaker_address_conflicts_total 1",
  ]);
  const answers = await samples(/answer_seconds/);
  expect(answers[0]).toBe('herald_speaker_answer_seconds_bucket{le="0.00001"} 0');
  expect(answers.slice(-4)).toEqual([
    'herald_speaker_answer_seconds_bucket{le="0.1"} 12',
    'herald_speaker_answer_seconds_bucket{le="+Inf"} 20',
    "herald_speaker_answer_seconds_sum 0.25",
    "herald_speaker_answer_seconds_count 20",
  ]);
});

test("shows how the members are and how soon this node took over", async () => {
  expect(await samples(/members|suspicions/)).toEqual([
    'herald_speaker_members{state="alive"} 2',
    'herald_speaker_members{state="dead"} 1',
    "herald_speaker_suspicions_total 4",
  ]);
  expect(await samples(/failover_seconds_(bucket.*"0\.[34]"|sum)/)).toEqual([
    'herald_speaker_failover_seconds_bucket{le="0.3"} 0',
    'herald_speaker_failover_seconds_bucket{le="0.4"} 1',
    "herald_speaker_failover_seconds_sum 0.36",
  ]);
  expect(await samples(/lateness_seconds_count/)).toEqual([
    "herald_speaker_heartbeat_lateness_seconds_count 9",
  ]);
});

test("shows what it knew last while the network thread does not answer, and counts that", async () => {
  counts = undefined;
  expect(await samples(/layer2_|conflicts|answer_seconds/)).toEqual([]);
  counts = COUNTS;
  const known = await samples(/layer2_|conflicts|answer_seconds/);
  counts = undefined;
  expect(await samples(/layer2_|conflicts|answer_seconds/)).toEqual(known);
  expect(await samples(/unanswered/)).toEqual(["herald_speaker_counts_unanswered_total 3"]);
});

test("says whether a configuration is in force, and whether it is an older one", async () => {
  const story: string[] = [];
  const note = async () => story.push((await samples(/config/)).join(", "));
  await note();
  metrics.configLoaded();
  metrics.configStale(true);
  await note();
  metrics.configStale(false);
  await note();
  expect(story.map((line) => line.replaceAll("metallb_k8s_client_", ""))).toEqual([
    "config_loaded_bool 0, config_stale_bool 0",
    "config_loaded_bool 1, config_stale_bool 1",
    "config_loaded_bool 1, config_stale_bool 0",
  ]);
});

test("counts what was reconciled, and what of it failed", async () => {
  metrics.reconciled();
  metrics.reconcileFailed();
  expect(await samples(/client_update/)).toEqual([
    "metallb_k8s_client_updates_total 2",
    "metallb_k8s_client_update_errors_total 1",
  ]);
});
