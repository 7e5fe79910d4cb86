import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { KubeClient } from "./client.ts";
import type { Credentials } from "./credentials.ts";
import { FakeClock } from "./testing/fake-clock.ts";
import { type Fault, FaultServer } from "./testing/fault-server.ts";
import { RecordingLog } from "./testing/recording-log.ts";

vi.setConfig({ testTimeout: 60_000 });

const PATH = "/api/v1/namespaces/default/services/web";

let server: FaultServer;
let clock: FakeClock;
let log: RecordingLog;
let client: KubeClient;
let token: string;
let rereads: number;

beforeEach(async () => {
  server = await FaultServer.start();
  clock = new FakeClock();
  log = new RecordingLog();
  token = "old";
  rereads = 0;
  const credentials: Credentials = {
    origin: server.origin,
    access: async () => ({ tls: {}, headers: { authorization: `Bearer ${token}` } }),
    invalidate: () => {
      rereads += 1;
      token = "new";
    },
  };
  client = new KubeClient({ credentials, userAgent: "herald-test", log, clock });
  onTestFinished(async () => {
    client[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });
});

const body = { a: null, b: [1] };

describe("sends", () => {
  test.each([
    ["get", () => client.get(PATH), "GET", undefined],
    ["post", () => client.post(PATH, body), "POST", "application/json"],
    ["put", () => client.put(PATH, body), "PUT", "application/json"],
    ["delete", () => client.delete(PATH), "DELETE", undefined],
    ["mergePatch", () => client.mergePatch(PATH, body), "PATCH", "application/merge-patch+json"],
    [
      "strategicPatch",
      () => client.strategicPatch(PATH, body),
      "PATCH",
      "application/strategic-merge-patch+json",
    ],
  ] as const)("%s", async (_, call, method, type) => {
    const sent = type === undefined ? "" : JSON.stringify(body);
    expect(await call()).toEqual({ method, url: PATH, body: sent, ...(type && { type }) });
    expect(server.requests[0]?.headers).toMatchObject({
      accept: "application/json",
      authorization: "Bearer old",
      "user-agent": "herald-test",
    });
  });

  test("apply, which takes fields over from other managers", async () => {
    expect(await client.apply(PATH, body, { fieldManager: "herald" })).toEqual({
      method: "PATCH",
      url: `${PATH}?fieldManager=herald&force=true`,
      type: "application/apply-patch+yaml",
      body: JSON.stringify(body),
    });
  });

  test("that the metadata of the answer is enough", async () => {
    await client.strategicPatch(PATH, body, { isMetadataEnough: true });
    expect(server.requests[0]?.headers.accept).toBe(
      "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    );
  });

  test("a query without the parameters that are undefined", async () => {
    const query = { limit: 500, continue: undefined, labelSelector: "a=b,c" };
    expect(await client.get(PATH, { query })).toMatchObject({
      url: `${PATH}?limit=500&labelSelector=a%3Db%2Cc`,
    });
  });

  test("one call after the other over the same connection", async () => {
    await client.get(PATH);
    await client.get(PATH);
    expect(new Set(server.requests.map(({ headers }) => headers.connection))).toEqual(
      new Set(["keep-alive"]),
    );
    expect(server.connections).toBe(1);
  });

  test("at most eight calls at once", async () => {
    server.script("other", ...Array<Fault>(8).fill({ kind: "silence", after: "request" }));
    const calls = Array.from({ length: 10 }, () => client.get(PATH));
    await expect.poll(() => server.requests.length, { interval: 2, timeout: 20_000 }).toBe(8);
    server.dropConnections();
    const results = await Promise.allSettled(calls);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
  });
});

describe("fails with a KubeError", () => {
  test("that carries the server's words", async () => {
    const headers = { "retry-after": "2" };
    server.script("other", { kind: "refuse", status: 409, message: "Conflict", headers });
    await expect(client.put(PATH, body)).rejects.toMatchObject({
      name: "KubeError",
      status: 409,
      reason: "Conflict",
      conflict: true,
      retryAfterMs: 2000,
      message: `PUT ${PATH} was refused with 409: Conflict`,
    });
  });

  test("when the connection breaks, with its cause", async () => {
    server.script("other", { kind: "reset" });
    const failed = client.get(PATH);
    await expect(failed).rejects.toMatchObject({ status: 0, reason: "ECONNRESET" });
    await expect(failed).rejects.toHaveProperty("cause.code", "ECONNRESET");
  });

  test("when the answer breaks off", async () => {
    server.script("list", { kind: "cut", afterBytes: 5 });
    await expect(client.get("/api/v1/things")).rejects.toMatchObject({
      status: 0,
      reason: "ECONNRESET",
    });
  });

  test("when the answer is not JSON", async () => {
    server.script("other", { kind: "body", body: "<html>" });
    await expect(client.get(PATH)).rejects.toMatchObject({
      reason: "BadAnswer",
      message: `GET ${PATH}: the answer is not JSON`,
    });
  });

  test("of at most 200 characters of a refusal that no API server wrote", async () => {
    const page = "x".repeat(100_000);
    server.script("other", { kind: "refuse", status: 502, body: page });
    await expect(client.get(PATH)).rejects.toThrow(
      new RegExp(`^GET ${PATH} was refused with 502: x{200}$`),
    );
  });

  test.each(["request", "headers"] as const)(
    "after 15 s without an answer, silent after the %s",
    async (after) => {
      server.script("other", { kind: "silence", after });
      const failed = client.get(PATH);
      failed.catch(() => undefined);
      await expect.poll(() => server.requests.length, { interval: 2, timeout: 20_000 }).toBe(1);
      await clock.advance(15_000);
      await expect(failed).rejects.toMatchObject({ status: 0, reason: "Timeout" });
      await expect(failed).rejects.toThrow("nothing heard for 15000 ms");
    },
  );

  test("when its signal aborts, before it is sent too", async () => {
    await expect(client.get(PATH, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      status: 0,
    });
    expect(server.requests).toEqual([]);
  });
});

describe("after a 401", () => {
  const unauthorized: Fault = { kind: "refuse", status: 401, message: "Unauthorized" };

  test("reads the credentials again and asks once more", async () => {
    server.script("other", unauthorized);
    await client.post(PATH, body);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer old",
      "Bearer new",
    ]);
  });

  test("of the new credentials, fails", async () => {
    server.script("other", unauthorized, unauthorized);
    await expect(client.get(PATH)).rejects.toMatchObject({ status: 401 });
    expect(rereads).toBe(1);
  });
});

test("logs each warning of the server once", async () => {
  server.headers = { warning: '299 - "unknown field \\"spec.x\\""' };
  await client.mergePatch(PATH, body);
  await client.mergePatch(PATH, body);
  expect(log.lines).toEqual([
    {
      level: "warn",
      message: "warning of the Kubernetes API",
      fields: { warning: 'unknown field "spec.x"', call: `PATCH ${PATH}` },
    },
  ]);
});
