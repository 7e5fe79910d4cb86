/** Who may read the metrics: asked of the Kubernetes API, as MetalLB's endpoint does, and remembered for a moment. */

import { createHash } from "node:crypto";
import type { V1SubjectAccessReview, V1TokenReview } from "@kubernetes/client-node";
import type { KubeClient } from "#lib/kube/client.ts";
import { type Clock, systemClock } from "#lib/kube/clock.ts";
import { KubeError } from "#lib/kube/kube-error.ts";
import { Outage } from "#lib/kube/outage.ts";
import type { Log } from "#lib/log/log.ts";
import { ExpiringMap } from "./expiring-map.ts";
import { Turnstile } from "./turnstile.ts";

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
/** Longer than any pause between two scrapes, and about as long as the token of a Pod is good for. */
const KNOWN_MS = 3_600_000;

/**
 * Of the tokens that were not allowed lately, which anybody can make up. At most half of the client's connections,
 * which the controller's own writes need too, and a pace that the API server does not feel.
 */
const MAX_STRANGERS = 4;
const STRANGER_EVERY_MS = 100;
/** As many as the listener has connections: each finds a place, and its turn comes within the 10 s of a scrape. */
const MAX_WAITING = 64;

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
  /** The tokens that were allowed lately: they are reviewed as often as others, but wait for nobody. */
  readonly #known: ExpiringMap<true>;
  readonly #turnstile: Turnstile;
  readonly #underway = new Map<string, Promise<Verdict>>();
  #strangers = 0;

  constructor(api: ReviewApi, { log, clock = systemClock }: TokenAccessOptions) {
    this.#api = api;
    this.#outage = new Outage(log, clock, "checking of tokens for metrics", {});
    this.#allowed = new ExpiringMap({ clock, lifetimeMs: ALLOWED_MS, maxSize: MAX_ALLOWED });
    this.#refused = new ExpiringMap({ clock, lifetimeMs: REFUSED_MS, maxSize: MAX_REFUSED });
    this.#known = new ExpiringMap({ clock, lifetimeMs: KNOWN_MS, maxSize: MAX_ALLOWED });
    this.#turnstile = new Turnstile({
      clock,
      everyMs: STRANGER_EVERY_MS,
      burst: MAX_STRANGERS,
      maxWaiting: MAX_WAITING,
    });
  }

  /**
   * Whether who has this token may read the metrics; never throws for a failure of the API.
   *
   * @param gone aborts when nobody waits for the verdict any more
   */
  async check(token: string, gone: AbortSignal): Promise<Verdict> {
    const hash = createHash("sha256").update(token).digest("base64");
    const remembered = this.#allowed.get(hash) ?? this.#refused.get(hash);
    return remembered ?? (await this.#reviewOnce(hash, token, gone));
  }

  /** One review for all who come with the token meanwhile. */
  async #reviewOnce(hash: string, token: string, gone: AbortSignal): Promise<Verdict> {
    const underway = this.#underway.get(hash);
    if (underway !== undefined) {
      return await underway;
    }
    const reviewing = this.#known.get(hash)
      ? this.#reviewAndRemember(hash, token)
      : this.#reviewStranger(hash, token, gone);
    this.#underway.set(hash, reviewing);
    try {
      return await reviewing;
    } finally {
      this.#underway.delete(hash);
    }
  }

  async #reviewStranger(hash: string, token: string, gone: AbortSignal): Promise<Verdict> {
    const mayPass = await this.#turnstile.pass(gone);
    if (!mayPass || this.#strangers >= MAX_STRANGERS) {
      return BUSY;
    }
    this.#strangers += 1;
    try {
      return await this.#reviewAndRemember(hash, token);
    } finally {
      this.#strangers -= 1;
    }
  }

  async #reviewAndRemember(hash: string, token: string): Promise<Verdict> {
    try {
      const verdict = await this.#review(token);
      this.#outage.over();
      if (verdict.kind === "allowed") {
        this.#allowed.set(hash, verdict);
        this.#known.set(hash, true);
      } else {
        this.#refused.set(hash, verdict);
      }
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
