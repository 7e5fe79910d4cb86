/** Every rule of allocation by its name, with the real controller on a real API server. One file, for one API server serves all. */

import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { cluster } from "./cluster.ts";
import "./classes.ts";
import "./come-back.ts";
import "./conflicts.ts";
import "./convergence.ts";
import "./doubles.ts";
import "./families.ts";
import "./pool-annotations.ts";
import "./pool-status.ts";
import "./requests.ts";
import "./rubbish.ts";
import "./sharing.ts";
import "./start.ts";
import "./triggers.ts";

beforeAll(() => cluster.start());
beforeEach(() => cluster.begin());
afterEach(() => cluster.end());
afterAll(() => cluster.stop());
