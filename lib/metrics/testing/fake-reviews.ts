import { KubeError } from "#lib/kube/kube-error.ts";
import type { ReviewApi } from "#lib/metrics/token-access.ts";

interface TokenReview {
  readonly kind: "TokenReview";
  readonly spec: { readonly token: string };
}

interface AccessReview {
  readonly kind: "SubjectAccessReview";
  readonly spec: { readonly user: string };
}

/** An API server that knows two tokens: `good` may read metrics, `weak` may not. */
export class FakeReviews implements ReviewApi {
  /** The paths and bodies of all calls. */
  readonly asked: { readonly path: string; readonly body: object }[] = [];
  isAway = false;
  /** When set, an answer waits for it. */
  gate: Promise<void> | undefined;

  async post<Result>(path: string, body: object): Promise<Result> {
    this.asked.push({ path, body });
    await this.gate;
    if (this.isAway) {
      throw new KubeError({
        status: 0,
        reason: "ECONNREFUSED",
        message: `POST ${path}: no answer`,
      });
    }
    return { status: verdictOf(body as TokenReview | AccessReview) } as Result;
  }
}

function verdictOf(review: TokenReview | AccessReview): object {
  if (review.kind === "SubjectAccessReview") {
    return { allowed: review.spec.user === "good" };
  }
  const { token } = review.spec;
  return token === "good" || token === "weak"
    ? {
        authenticated: true,
        user: { username: token, uid: "7", groups: ["g"], extra: { a: ["b"] } },
      }
    : { user: {}, error: "invalid bearer token" };
}
