import http from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Credentials } from "#lib/kube/credentials.ts";

/** What happens to one request instead of the true answer. */
export type Fault =
  | {
      readonly kind: "refuse";
      readonly status: number;
      readonly message?: string;
      /** Instead of a metav1.Status. */
      readonly body?: string;
      readonly headers?: http.OutgoingHttpHeaders;
    }
  /** The connection is reset before an answer. */
  | { readonly kind: "reset" }
  /** Nothing comes, or nothing after the headers; the connection stays. */
  | { readonly kind: "silence"; readonly after: "request" | "headers" }
  /** 200 with this body instead of the true one. */
  | { readonly kind: "body"; readonly body: string }
  /** The true answer breaks off after so many bytes of its body. */
  | { readonly kind: "cut"; readonly afterBytes: number };

export interface SeenRequest {
  readonly kind: "list" | "watch" | "watch-list" | "other";
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
}

export interface FakeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp: string;
  };
  readonly data: string;
}

interface Change {
  readonly revision: number;
  readonly line: string;
}

export const COLLECTION = "/api/v1/things";

/**
 * An API server for tests, with one collection that can be listed and watched, and a script of faults that the next
 * requests meet. To any other request it answers what it was asked.
 */
export class FaultServer implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  /** Whether WatchList is served. */
  watchList = true;
  /** Of every answer. */
  headers: Readonly<Record<string, string>> = {};
  /** How many were opened until now. */
  connections = 0;
  readonly #server = http.createServer((request, response) => void this.#answer(request, response));
  readonly #script = new Map<SeenRequest["kind"], Fault[]>();
  readonly #objects = new Map<string, FakeObject>();
  readonly #watches = new Set<(text: string) => void>();
  #changes: Change[] = [];
  #revision = 1;
  #forgotten = 0;
  #uids = 0;

  static async start(): Promise<FaultServer> {
    const server = new FaultServer();
    server.#server.on("connection", () => {
      server.connections += 1;
    });
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get origin(): URL {
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
  }

  get credentials(): Credentials {
    return {
      origin: this.origin,
      access: async () => ({ tls: {}, headers: {} }),
      invalidate: () => undefined,
    };
  }

  /** Data by key, as a client's copy should be. */
  get contents(): Record<string, string> {
    const entries = Array.from(this.#objects.values(), ({ metadata, data }) => [
      `${metadata.namespace}/${metadata.name}`,
      data,
    ]);
    return Object.fromEntries(entries.sort());
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** The kinds of the requests until now. */
  get asked(): SeenRequest["kind"][] {
    return this.requests.map(({ kind }) => kind);
  }

  /** Each of the next requests of this kind meets one of the faults. */
  script(kind: SeenRequest["kind"], ...faults: readonly Fault[]): void {
    this.#script.set(kind, [...(this.#script.get(kind) ?? []), ...faults]);
  }

  put(name: string, data: string): void {
    const old = this.#objects.get(name);
    const object = this.#object(name, old?.metadata.uid ?? `uid-${++this.#uids}`, data);
    this.#objects.set(name, object);
    this.#change(old === undefined ? "ADDED" : "MODIFIED", object);
  }

  delete(name: string): void {
    const old = this.#objects.get(name);
    if (old !== undefined) {
      this.#objects.delete(name);
      this.#change("DELETED", this.#object(name, old.metadata.uid, old.data));
    }
  }

  bookmark(resourceVersion = String(this.#revision)): void {
    this.send(bookmarkLine(resourceVersion, false));
  }

  /** Sends text to every open watch as it is. */
  send(text: string): void {
    for (const write of this.#watches) {
      write(text);
    }
  }

  endWatches(): void {
    this.#server.emit("end-watches");
  }

  dropConnections(): void {
    this.#server.closeAllConnections();
  }

  /** As etcd's compaction: watches that would begin before now get 410. */
  forgetHistory(): void {
    this.#changes = [];
    this.#forgotten = this.#revision;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dropConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #object(name: string, uid: string, data: string): FakeObject {
    this.#revision += 1;
    const resourceVersion = String(this.#revision);
    const creationTimestamp = "2026-01-01T00:00:00Z";
    const namespace = "default";
    return { metadata: { name, namespace, uid, resourceVersion, creationTimestamp }, data };
  }

  #change(type: string, object: FakeObject): void {
    const line = eventLine(type, object);
    this.#changes.push({ revision: this.#revision, line });
    this.send(line);
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(request.url ?? "/", this.origin);
    const body = await text(request);
    const kind = pathname === COLLECTION ? kindOf(query) : "other";
    this.requests.push({ kind, query, headers: request.headers });
    response.setHeaders(new Map(Object.entries(this.headers)));
    const fault = this.#script.get(kind)?.shift();
    if (fault !== undefined && !meets(fault, response)) {
      return;
    }
    const write = limited(response, fault?.kind === "cut" ? fault.afterBytes : Infinity);
    switch (kind) {
      case "list":
        this.#list(query, response, write);
        break;
      case "watch":
      case "watch-list":
        this.#watch(kind, query, response, write);
        break;
      case "other": {
        const { method, url, headers } = request;
        response.end(JSON.stringify({ method, url, type: headers["content-type"], body }));
      }
    }
  }

  #list(query: URLSearchParams, response: http.ServerResponse, write: (text: string) => void) {
    const start = Number(query.get("continue") ?? 0);
    const end = start + Number(query.get("limit") ?? Infinity);
    const all = [...this.#objects.values()];
    const metadata = {
      resourceVersion: String(this.#revision),
      ...(end < all.length && { continue: String(end) }),
    };
    write(JSON.stringify({ metadata, items: all.slice(start, end) }));
    response.end();
  }

  #watch(
    kind: "watch" | "watch-list",
    query: URLSearchParams,
    response: http.ServerResponse,
    write: (text: string) => void,
  ): void {
    if (kind === "watch-list" && !this.watchList) {
      const message =
        "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
      refuse(response, { kind: "refuse", status: 422, message });
      return;
    }
    const since = Number(query.get("resourceVersion") ?? 0);
    if (kind === "watch" && since < this.#forgotten) {
      refuse(response, { kind: "refuse", status: 410, message: "too old resource version" });
      return;
    }
    response.flushHeaders();
    if (kind === "watch-list") {
      for (const object of this.#objects.values()) {
        write(eventLine("ADDED", object));
      }
      write(bookmarkLine(String(this.#revision), true));
    } else {
      for (const { line } of this.#changes.filter(({ revision }) => revision > since)) {
        write(line);
      }
    }
    this.#follow(response, write);
  }

  #follow(response: http.ServerResponse, write: (text: string) => void): void {
    const end = () => response.end();
    this.#watches.add(write);
    this.#server.on("end-watches", end);
    response.on("close", () => {
      this.#watches.delete(write);
      this.#server.off("end-watches", end);
    });
  }
}

/** True when the request goes on to the true answer. */
function meets(fault: Fault, response: http.ServerResponse): boolean {
  switch (fault.kind) {
    case "refuse":
      refuse(response, fault);
      return false;
    case "reset":
      response.socket?.resetAndDestroy();
      return false;
    case "silence":
      if (fault.after === "headers") {
        response.flushHeaders();
      }
      return false;
    case "body":
      response.end(fault.body);
      return false;
    case "cut":
      return true;
  }
}

function refuse(response: http.ServerResponse, fault: Extract<Fault, { kind: "refuse" }>): void {
  const { status, message = http.STATUS_CODES[status] ?? "", headers = {} } = fault;
  const reason = message.replaceAll(" ", "");
  const refusal = JSON.stringify({ kind: "Status", code: status, reason, message });
  response.writeHead(status, headers);
  response.end(fault.body ?? refusal);
}

/** Writes, and breaks the connection off after so many bytes. */
function limited(response: http.ServerResponse, limit: number): (text: string) => void {
  let left = limit;
  let isOpen = true;
  return (text) => {
    if (!isOpen) {
      return;
    }
    const bytes = Buffer.from(text).subarray(0, left);
    left -= bytes.length;
    response.write(bytes);
    if (left === 0) {
      isOpen = false;
      response.socket?.destroySoon();
    }
  };
}

function kindOf(query: URLSearchParams): SeenRequest["kind"] {
  if (query.get("watch") !== "true") {
    return "list";
  }
  return query.get("sendInitialEvents") === "true" ? "watch-list" : "watch";
}

function eventLine(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}

function bookmarkLine(resourceVersion: string, complete: boolean): string {
  const annotations = complete ? { "k8s.io/initial-events-end": "true" } : {};
  return eventLine("BOOKMARK", { metadata: { resourceVersion, annotations } });
}
