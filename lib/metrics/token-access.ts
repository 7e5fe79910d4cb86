/** Who may read the metrics: asked of the Kubernetes API, as MetalLB's endpoint does, and remembered for a moment. */

import { createHash } from "node:crypto";
import type { V1SubjectAccessReview, V1TokenReview } from "@kubernetes/client-node";
import type { KubeClient } from "#lib/kube/client.ts";
import { type Clock, systemClock } from "#lib/kube/clock.ts";
import { KubeError } from "#lib/kube/kube-error.ts";
import { Outage } from "#lib/kube/outage.ts";
import type { Log } from "#lib/log/log.ts";
import { ExpiringMap } from "./expiring-map.ts";

/** What this needs of a KubeClient. */
export type ReviewApi = Pick<KubeClient, "post">;

export type Verdict =
  | { readonly kind: "allowed" }
  /** With a sentence for the one who asked. */
  | { readonly kind: "unknown" | "forbidden" | "unavailable"; readonly message: string };

export interface TokenAccessOptions {
  readonly log: Log;
  readonly clock?: Clock;
}

export const METRICS_PATH = "/metrics";

const TOKEN_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews";
const ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

/** Of either review: both together end before the 10 s after which Prometheus gives a scrape up. */
const REVIEW_TIMEOUT_MS = 4000;
/** Taking a right away is in force after so long; giving it, after `REFUSED_MS`. */
const ALLOWED_MS = 60_000;
const REFUSED_MS = 10_000;
const MAX_ALLOWED = 64;
const MAX_REFUSED = 256;
/** Reviews at once: half of the client's connections, which the controller's own writes need too. */
const MAX_REVIEWS = 4;

const ALLOWED: Verdict = { kind: "allowed" };
const UNKNOWN: Verdict = {
  kind: "unknown",
  message: "The Kubernetes API does not know this token: it may have expired",
};
const BUSY: Verdict = {
  kind: "unavailable",
  message: "Too many tokens are being checked: try again in a second",
};
const NO_ANSWER: Verdict = {
  kind: "unavailable",
  message: "The Kubernetes API does not say whether this token is good: the log tells why",
};

export class TokenAccess {
  readonly #api: ReviewApi;
  readonly #outage: Outage;
  /** By the hash of the token. What is refused is kept apart, so that a stream of bad tokens displaces no good one. */
  readonly #allowed: ExpiringMap<Verdict>;
  readonly #refused: ExpiringMap<Verdict>;
  readonly #underway = new Map<string, Promise<Verdict>>();

  constructor(api: ReviewApi, { log, clock = systemClock }: TokenAccessOptions) {
    this.#api = api;
    this.#outage = new Outage(log, clock, "checking of tokens for metrics", {});
    this.#allowed = new ExpiringMap({ clock, lifetimeMs: ALLOWED_MS, maxSize: MAX_ALLOWED });
    this.#refused = new ExpiringMap({ clock, lifetimeMs: REFUSED_MS, maxSize: MAX_REFUSED });
  }

  /** Whether who has this token may read the metrics; never throws for a failure of the API. */
  async check(token: string): Promise<Verdict> {
    const hash = createHash("sha256").update(token).digest("base64");
    return (
      this.#allowed.get(hash) ?? this.#refused.get(hash) ?? (await this.#reviewOnce(hash, token))
    );
  }

  /** One review for all who come with the token meanwhile. */
  async #reviewOnce(hash: string, token: string): Promise<Verdict> {
    const underway = this.#underway.get(hash);
    if (underway !== undefined) {
      return await underway;
    }
    if (this.#underway.size >= MAX_REVIEWS) {
      return BUSY;
    }
    const reviewing = this.#reviewAndRemember(hash, token);
    this.#underway.set(hash, reviewing);
    try {
      return await reviewing;
    } finally {
      this.#underway.delete(hash);
    }
  }

  async #reviewAndRemember(hash: string, token: string): Promise<Verdict> {
    try {
      const verdict = await this.#review(token);
      this.#outage.over();
      const memory = verdict.kind === "allowed" ? this.#allowed : this.#refused;
      memory.set(hash, verdict);
      return verdict;
    } catch (error) {
      if (!(error instanceof KubeError)) {
        throw error;
      }
      this.#outage.failed(error);
      return NO_ANSWER;
    }
  }

  async #review(token: string): Promise<Verdict> {
    const { status: identity } = await this.#post<V1TokenReview>(TOKEN_REVIEWS, "TokenReview", {
      token,
    });
    if (identity?.authenticated !== true || identity.user === undefined) {
      return UNKNOWN;
    }
    const { username, uid, groups, extra } = identity.user;
    const nonResourceAttributes = { path: METRICS_PATH, verb: "get" };
    const { status: access } = await this.#post<V1SubjectAccessReview>(
      ACCESS_REVIEWS,
      "SubjectAccessReview",
      { nonResourceAttributes, user: username, uid, groups, extra },
    );
    return access?.allowed === true && access.denied !== true ? ALLOWED : forbidden(username);
  }

  #post<Review>(path: string, kind: string, spec: object): Promise<Review> {
    const apiVersion = path.replace(/^\/apis\/|\/\w+$/g, "");
    const options = { timeoutMs: REVIEW_TIMEOUT_MS };
    return this.#api.post(path, { apiVersion, kind, spec }, options);
  }
}

function forbidden(user = "This user"): Verdict {
  return {
    kind: "forbidden",
    message: `${user} may not read metrics: bind it to a ClusterRole with the verb get for the nonResourceURL ${METRICS_PATH}`,
  };
}
