import { aborted } from "#lib/kube/aborted.ts";
import type { CallOptions } from "#lib/kube/client.ts";
import type { Clock } from "#lib/kube/clock.ts";
import { KubeError } from "#lib/kube/kube-error.ts";
import type { LeaseApi } from "#lib/kube/lease.ts";
import type { LeaseRecord } from "#lib/kube/lease-record.ts";

/** Calls that are not answered end with this deadline when they have none of their own. */
const DEADLINE_MS = 15_000;

/** One Lease as the API server keeps it, and clients of it that can be cut off. */
export class FakeLeases {
  lease: LeaseRecord | undefined;
  /** Calls that were answered. */
  calls = 0;
  readonly #clock: Clock;
  #revision = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  client(): FakeLeaseClient {
    return new FakeLeaseClient(this, this.#clock);
  }

  get(): LeaseRecord {
    if (this.lease === undefined) {
      throw refused(404, "NotFound");
    }
    return this.lease;
  }

  post(lease: LeaseRecord): LeaseRecord {
    if (this.lease !== undefined) {
      throw refused(409, "AlreadyExists");
    }
    return this.#write({ ...lease, metadata: { ...lease.metadata, uid: "uid" } });
  }

  put(lease: LeaseRecord): LeaseRecord {
    if (lease.metadata?.resourceVersion !== this.lease?.metadata?.resourceVersion) {
      throw refused(409, "Conflict");
    }
    return this.#write(lease);
  }

  #write(lease: LeaseRecord): LeaseRecord {
    this.#revision += 1;
    const resourceVersion = String(this.#revision);
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion } };
    return this.lease;
  }
}

export class FakeLeaseClient implements LeaseApi {
  /** `request`: calls never arrive; `answer`: they are done, but the answer never comes. */
  lost: "nothing" | "request" | "answer" = "nothing";
  readonly #leases: FakeLeases;
  readonly #clock: Clock;

  constructor(leases: FakeLeases, clock: Clock) {
    this.#leases = leases;
    this.#clock = clock;
  }

  get<Result>(_path: string, options?: CallOptions): Promise<Result> {
    return this.#call(() => this.#leases.get(), options);
  }

  post<Result>(_path: string, body: object, options?: CallOptions): Promise<Result> {
    return this.#call(() => this.#leases.post(body), options);
  }

  put<Result>(_path: string, body: object, options?: CallOptions): Promise<Result> {
    return this.#call(() => this.#leases.put(body), options);
  }

  async #call<Result>(action: () => LeaseRecord, options: CallOptions = {}): Promise<Result> {
    const { signal = new AbortController().signal, timeoutMs = DEADLINE_MS } = options;
    if (this.lost !== "request") {
      const answer = action();
      this.#leases.calls += 1;
      if (this.lost === "nothing") {
        return answer as Result;
      }
    }
    await Promise.race([aborted(signal), this.#clock.delay(timeoutMs, signal)]);
    throw new KubeError({ status: 0, reason: "Timeout", message: "no answer" });
  }
}

function refused(status: number, reason: string): KubeError {
  return new KubeError({ status, reason, message: reason });
}
