import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Credentials } from "#lib/kube/credentials.ts";

interface WatchedObject {
  readonly metadata: Readonly<Record<string, unknown>>;
}

interface Fields {
  readonly metadata?: object;
  readonly [field: string]: unknown;
}

interface Watch {
  readonly path: string;
  readonly send: (type: string, object: WatchedObject) => void;
}

/** An API server for tests, with WatchList of any collections and nothing else. */
export class WatchServer implements AsyncDisposable {
  readonly #server = http.createServer((request, response) => this.#watch(request, response));
  readonly #collections = new Map<string, Map<string, WatchedObject>>();
  readonly #watches = new Set<Watch>();
  #revision = 1;

  static async start(): Promise<WatchServer> {
    const server = new WatchServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get credentials(): Credentials {
    const { port } = this.#server.address() as AddressInfo;
    return {
      origin: new URL(`http://127.0.0.1:${port}`),
      access: async () => ({ tls: {}, headers: {} }),
      invalidate: () => undefined,
    };
  }

  /** Puts an object into the collection at the path, with a resourceVersion, and a uid after its name. */
  put(path: string, name: string, fields: Fields = {}): void {
    const { metadata, ...others } = fields;
    const object = {
      ...others,
      metadata: { name, uid: name, resourceVersion: this.#nextRevision(), ...metadata },
    };
    const collection = this.#collection(path);
    this.#tell(path, collection.has(name) ? "MODIFIED" : "ADDED", object);
    collection.set(name, object);
  }

  delete(path: string, name: string): void {
    const object = this.#collection(path).get(name);
    if (object !== undefined) {
      this.#collection(path).delete(name);
      const metadata = { ...object.metadata, resourceVersion: this.#nextRevision() };
      this.#tell(path, "DELETED", { ...object, metadata });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #collection(path: string): Map<string, WatchedObject> {
    const collection = this.#collections.get(path) ?? new Map<string, WatchedObject>();
    this.#collections.set(path, collection);
    return collection;
  }

  #nextRevision(): string {
    this.#revision += 1;
    return String(this.#revision);
  }

  #tell(path: string, type: string, object: WatchedObject): void {
    for (const watch of this.#watches) {
      if (watch.path === path) {
        watch.send(type, object);
      }
    }
  }

  #watch({ url = "/" }: http.IncomingMessage, response: http.ServerResponse): void {
    const { pathname } = new URL(url, this.credentials.origin);
    const send: Watch["send"] = (type, object) =>
      response.write(`${JSON.stringify({ type, object })}\n`);
    for (const object of this.#collection(pathname).values()) {
      send("ADDED", object);
    }
    const annotations = { "k8s.io/initial-events-end": "true" };
    send("BOOKMARK", { metadata: { resourceVersion: String(this.#revision), annotations } });
    const watch = { path: pathname, send };
    this.#watches.add(watch);
    response.on("close", () => this.#watches.delete(watch));
  }
}
