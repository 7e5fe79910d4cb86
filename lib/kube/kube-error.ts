import type { Status } from "./json.ts";

/** A server's wish to wait is followed up to here, so that a mistaken proxy cannot silence a node for hours. */
const MAX_RETRY_AFTER_MS = 120_000;

export interface KubeErrorFields {
  /** HTTP status, or 0 when no answer came. */
  readonly status: number;
  /** metav1.Status.reason, a Node.js error code, or Timeout, BadAnswer, Credentials. */
  readonly reason: string;
  readonly message: string;
  readonly retryAfterMs?: number;
}

/** A call to the Kubernetes API that failed, whatever the way: refused, cut off, not answered, not understood. */
export class KubeError extends Error {
  override readonly name = "KubeError";
  readonly status: number;
  readonly reason: string;
  readonly retryAfterMs: number;

  constructor(fields: KubeErrorFields, options?: ErrorOptions) {
    super(fields.message, options);
    this.status = fields.status;
    this.reason = fields.reason;
    this.retryAfterMs = fields.retryAfterMs ?? 0;
  }

  /** The object changed since it was read. */
  get conflict(): boolean {
    return this.status === 409 && !this.alreadyExists;
  }

  get alreadyExists(): boolean {
    return this.status === 409 && this.reason === "AlreadyExists";
  }

  get notFound(): boolean {
    return this.status === 404;
  }

  /** The resourceVersion or the continue token is older than what the server keeps. */
  get gone(): boolean {
    return this.status === 410;
  }

  /** The same call may succeed later: nobody answered, or the server is busy or broken. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Waits for a call about one object; undefined when there is no such object (404). */
export async function unlessGone<Result>(call: Promise<Result>): Promise<Result | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof KubeError && error.notFound) {
      return undefined;
    }
    throw error;
  }
}

export interface Refusal {
  /** The call that was refused, such as `GET /api/v1/services`. */
  readonly call: string;
  readonly httpStatus: number;
  /** The header of that name. */
  readonly retryAfter?: string | undefined;
  readonly body: string;
}

/** The error for an answer that is not 2xx. */
export function refusalError(refusal: Refusal, wallMs: number): KubeError {
  const status = parseStatus(refusal.body);
  const said = status?.message ?? refusal.body.slice(0, 200);
  return new KubeError({
    status: refusal.httpStatus,
    reason: status?.reason ?? `HTTP ${refusal.httpStatus}`,
    message: `${refusal.call} was refused with ${refusal.httpStatus}: ${said}`,
    retryAfterMs: retryAfterMs(
      refusal.retryAfter ?? String(status?.details?.retryAfterSeconds ?? ""),
      wallMs,
    ),
  });
}

/** The error for an answer that cannot be understood. */
export function badAnswerError(message: string, options?: ErrorOptions): KubeError {
  return new KubeError({ status: 0, reason: "BadAnswer", message }, options);
}

/** The error for an identity that cannot be had. */
export function credentialsError(message: string, cause: unknown): KubeError {
  return new KubeError({ status: 0, reason: "Credentials", message }, { cause });
}

/** Reads a Retry-After header, which is a number of seconds or a date (RFC 9110 §10.2.3); 0 when it says nothing usable. */
export function retryAfterMs(header: string, wallMs: number): number {
  const text = header.trim();
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - wallMs;
  return wait > 0 ? Math.min(wait, MAX_RETRY_AFTER_MS) : 0;
}

/** A body that a proxy wrote is not a Status. */
function parseStatus(body: string): Status | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return isStatus(parsed) ? parsed : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

function isStatus(value: unknown): value is Status {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "Status";
}
