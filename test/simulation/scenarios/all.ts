import { BAD_NETWORKS } from "./bad-networks.ts";
import { DEATHS } from "./deaths.ts";
import { HISTORIES } from "./histories.ts";
import { LONG } from "./long.ts";
import { MOVES } from "./moves.ts";
import { PARTITIONS } from "./partitions.ts";
import type { Scenario } from "./scenario.ts";
import { SPEAKERS } from "./speakers.ts";
import { VIEWS } from "./views.ts";

/** Some ten virtual seconds each. */
export const SHORT_SCENARIOS: readonly Scenario[] = [
  ...DEATHS,
  ...SPEAKERS,
  ...MOVES,
  ...PARTITIONS,
  ...VIEWS,
  ...BAD_NETWORKS,
  ...HISTORIES,
];

/** Some two virtual minutes each. */
export const LONG_SCENARIOS: readonly Scenario[] = LONG;
