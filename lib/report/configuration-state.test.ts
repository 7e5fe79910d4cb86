import { expect, onTestFinished, test } from "vitest";
import { KubeClient } from "#lib/kube/client.ts";
import { FakeClock } from "#lib/kube/testing/fake-clock.ts";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";
import { WatchServer } from "#lib/kube/testing/watch-server.ts";
import { ConfigurationStateWriter, controllerReporter } from "./configuration-state.ts";

const NAMESPACE = "metallb-system";
const COLLECTION = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/configurationstates`;

/** Stores every state without its status, as a definition that does not know its fields has it. */
class PruningClient extends KubeClient {
  readonly server: WatchServer;
  statusWrites = 0;

  constructor(server: WatchServer, log: RecordingLog) {
    super({ credentials: server.credentials, userAgent: "herald-test", log });
    this.server = server;
  }

  override async apply<Result>(path: string): Promise<Result> {
    this.statusWrites += Number(path.endsWith("/status"));
    this.server.put(COLLECTION, "controller", { metadata: { namespace: NAMESPACE } });
    return {} as Result;
  }
}

test("writes once a second at most, though what is stored is never what was written", async () => {
  const server = await WatchServer.start();
  const log = new RecordingLog();
  const client = new PruningClient(server, log);
  const clock = new FakeClock();
  const reporter = controllerReporter();
  const writer = new ConfigurationStateWriter({
    client,
    namespace: NAMESPACE,
    reporter,
    owners: [],
    log,
    clock,
  });
  const stop = new AbortController();
  const ended = writer.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await ended;
    client[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });

  writer.report([]);
  for (const expected of [1, 2, 3]) {
    await expect.poll(() => clock.sleeping, { interval: 2 }).toEqual([1000]);
    expect(client.statusWrites).toBe(expected);
    await clock.advance(1000);
  }
});
