import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { FakeClock } from "#lib/kube/testing/fake-clock.ts";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";
import { MetricsRegistry } from "./metrics-registry.ts";
import { selfSignedCertificate } from "./self-signed.ts";
import { listenPlain, listenSecurely, serveMetrics } from "./serve.ts";
import { FakeReviews } from "./testing/fake-reviews.ts";
import { type ScrapeOptions, scrape } from "./testing/scrape.ts";

const TLS_13 = { tlsMinVersion: "VersionTLS13" } as const;
const ANY_PORT = 0;

let clock: FakeClock;
let log: RecordingLog;
let reviews: FakeReviews;
let registry: MetricsRegistry;

beforeEach(() => {
  clock = new FakeClock();
  log = new RecordingLog();
  reviews = new FakeReviews();
  registry = new MetricsRegistry();
  registry.counter({ name: "seen_total", help: "Seen" });
});

const parts = () => ({ registry, api: reviews, log, clock });

async function start(options: Parameters<typeof listenSecurely>[1] = TLS_13): Promise<number> {
  const listener = await listenSecurely({ port: ANY_PORT, log }, options, parts());
  onTestFinished(() => listener[Symbol.asyncDispose]());
  return listener.port;
}

/** A connection that says what it is told, and nothing more. */
async function open(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  // Being cut is what some of them are there for.
  socket.on("error", () => undefined);
  socket.resume();
  await once(socket, "connect");
  return socket;
}

test("shows the metrics to whom the cluster lets read them", async () => {
  const { headers, status, text } = await scrape(await start(), { token: "good" });
  expect(status).toBe(200);
  expect(text).toBe(await registry.text());
  expect(headers).toMatchObject({
    "content-type": "text/plain; version=0.0.4; charset=utf-8",
    "cache-control": "no-store",
  });
});

const REFUSALS: readonly (readonly [string, ScrapeOptions, number, RegExp])[] = [
  ["a request without token", {}, 401, /^Send a bearer token/],
  ["a token that the cluster does not know", { token: "bad" }, 401, /does not know this token/],
  ["a token without the right", { token: "weak" }, 403, /^weak may not read metrics: bind/],
  [
    "another kind of credentials",
    { headers: { authorization: "Basic Z29vZDpnb29k" } },
    401,
    /^Send a bearer token/,
  ],
  ["another path", { path: "/", token: "good" }, 404, /^Nothing is served here but \/metrics/],
  ["a path below", { path: "/metrics/x", token: "good" }, 404, /^Nothing/],
  ["POST", { method: "POST", token: "good" }, 405, /not by POST/],
  ["DELETE", { method: "DELETE", token: "good" }, 405, /not by DELETE/],
  ["a body", { token: "good", body: "x", headers: { "content-length": 1 } }, 400, /no body/],
  [
    "a body in chunks",
    { token: "good", body: "x", headers: { "transfer-encoding": "chunked" } },
    400,
    /no body/,
  ],
];

test.each(REFUSALS)(
  "refuses %s, says why, and keeps no connection",
  async (_, options, status, why) => {
    const answer = await scrape(await start(), options);
    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(why);
    expect(answer.headers.connection).toBe("close");
  },
);

test("names the methods and the credentials that it takes", async () => {
  const port = await start();
  expect((await scrape(port, { method: "PUT" })).headers.allow).toBe("GET, HEAD");
  expect((await scrape(port)).headers["www-authenticate"]).toBe("Bearer");
});

test("answers HEAD without a body, and a path with a query", async () => {
  const port = await start();
  const head = await scrape(port, { method: "HEAD", token: "good" });
  expect([head.status, head.text]).toEqual([200, ""]);
  expect((await scrape(port, { path: "/metrics?a=b", token: "good" })).status).toBe(200);
});

test("says that it cannot know while the Kubernetes API is away, and names no detail of it", async () => {
  reviews.isAway = true;
  const { headers, status, text } = await scrape(await start(), { token: "good" });
  expect(status).toBe(503);
  expect(text).toBe(
    "The Kubernetes API does not say whether this token is good: the log tells why\n",
  );
  expect(headers["retry-after"]).toBe("1");
});

test("tells nobody but the log why the metrics cannot be computed", async () => {
  registry.gaugeOf({ name: "broken", help: "Broken" }, () => {
    throw new Error("pool is odd");
  });
  const { status, text } = await scrape(await start(), { token: "good" });
  expect(status).toBe(500);
  expect(text).not.toContain("odd");
  expect(log.told).toEqual(["info metrics served", "error metrics cannot be shown"]);
});

test("refuses headers of more than 16 KiB", async () => {
  const port = await start();
  const { status } = await scrape(port, { token: "good", headers: { x: "y".repeat(17_000) } });
  expect(status).toBe(431);
  expect((await scrape(port, { token: "x".repeat(15_000) })).status).toBe(401);
});

describe("TLS", () => {
  test("proves the certificate made at the start to a client that was given it", async () => {
    const port = await start();
    const { certificate } = await scrape(port);
    const der = certificate?.raw.toString("base64") ?? "";
    const ca = `-----BEGIN CERTIFICATE-----\n${der}\n-----END CERTIFICATE-----\n`;
    expect((await scrape(port, { token: "good", ca })).status).toBe(200);
    const other = selfSignedCertificate("herald").cert;
    await expect(scrape(port, { ca: other })).rejects.toThrow(/self-signed|verify/);
  });

  test("is 1.3, or 1.2 when that is allowed", async () => {
    await expect(scrape(await start(), { maxVersion: "TLSv1.2" })).rejects.toThrow(/version/);
    const port = await start({ tlsMinVersion: "VersionTLS12" });
    expect((await scrape(port, { maxVersion: "TLSv1.2", token: "good" })).status).toBe(200);
    await expect(scrape(port, { maxVersion: "TLSv1.1" })).rejects.toThrow();
  });

  test("does not speak to who does not speak TLS", async () => {
    const port = await start();
    await expect(scrape(port, { plain: true })).rejects.toThrow();
    expect((await scrape(port, { token: "good" })).status).toBe(200);
  });
});

describe("a directory of certificates", () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "herald-metrics-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
  });

  function put(name: string): void {
    const { cert, key } = selfSignedCertificate(name);
    writeFileSync(join(directory, "tls.crt"), cert);
    writeFileSync(join(directory, "tls.key"), key);
  }

  const subject = async (port: number) => (await scrape(port)).certificate?.subject.CN;

  test("is where the certificate comes from, and where a renewed one is found", async () => {
    put("first");
    const port = await start({ ...TLS_13, metricsCertDir: directory });
    expect(await subject(port)).toBe("first");
    put("second");
    await clock.advance(10_000);
    await vi.waitFor(async () => expect(await subject(port)).toBe("second"));
    expect(log.told.at(-1)).toBe("info certificate of metrics renewed");
    await expect(scrape(port, { maxVersion: "TLSv1.2" })).rejects.toThrow(/version/);
  });

  test.each([
    ["is no certificate", "tls.crt", "rubbish"],
    ["does not fit the certificate", "tls.key", selfSignedCertificate("other").key],
  ])(
    "leaves the last one in force when what it holds %s, and says so once",
    async (_, file, text) => {
      put("first");
      const port = await start({ ...TLS_13, metricsCertDir: directory });
      writeFileSync(join(directory, file), text);
      for (let round = 0; round < 3; round += 1) {
        await clock.advance(10_000);
        await vi.waitFor(() => expect(clock.sleeping).toHaveLength(1));
      }
      expect(await subject(port)).toBe("first");
      expect(log.told).toEqual([
        "info metrics served",
        "warn certificate of metrics not renewed: the last one stays in force",
      ]);
      put("second");
      await clock.advance(10_000);
      await vi.waitFor(async () => expect(await subject(port)).toBe("second"));
    },
  );

  test("that is empty at the start is an error that names the flag", async () => {
    await expect(start({ ...TLS_13, metricsCertDir: directory })).rejects.toThrow(
      `Cannot use tls.crt and tls.key of ${directory} for metrics: mount a Secret of type kubernetes.io/tls there, or leave --metrics-cert-dir out`,
    );
  });
});

test("a port that is taken is an error that names the flag and the cause", async () => {
  const taken = createServer().listen(0);
  await once(taken, "listening");
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as AddressInfo;
  const options = { ...TLS_13, port, metricsPlain: false };
  await expect(serveMetrics(options, parts())).rejects.toMatchObject({
    message: `Cannot serve metrics on port ${port}: choose another by --port, or 0 for none`,
    cause: expect.objectContaining({ code: "EADDRINUSE" }),
  });
});

test("port 0 serves nothing", async () => {
  const options = { ...TLS_13, port: 0, metricsPlain: false };
  expect(await serveMetrics(options, parts())).toBeUndefined();
});

test("plain HTTP asks for no token, and is on the loopback address alone", async () => {
  const listener = await listenPlain({ port: ANY_PORT, log }, parts());
  onTestFinished(() => listener[Symbol.asyncDispose]());
  expect((await scrape(listener.port, { plain: true })).status).toBe(200);
  expect(reviews.asked).toEqual([]);
  const elsewhere = connect(listener.port, "127.0.0.2");
  await expect(once(elsewhere, "connect")).rejects.toThrow("ECONNREFUSED");
});

test("has at most 64 connections, and takes another when one ends", async () => {
  const port = await start();
  const sockets = [];
  for (let index = 0; index < 64; index += 1) {
    sockets.push(await open(port));
  }
  await expect(scrape(port)).rejects.toThrow();
  sockets[0]?.destroy();
  await vi.waitFor(async () => expect((await scrape(port)).status).toBe(401));
});

test("ends at once when it is told to, whatever its clients do", async () => {
  const listener = await listenSecurely({ port: ANY_PORT, log }, TLS_13, parts());
  const socket = await open(listener.port);
  const { promise: never } = Promise.withResolvers<void>();
  reviews.gate = never;
  const scraping = scrape(listener.port, { token: "good" });
  const cut = expect(scraping).rejects.toThrow();
  await vi.waitFor(() => expect(reviews.asked).toHaveLength(1));
  const closed = once(socket, "close");
  await listener[Symbol.asyncDispose]();
  await Promise.all([closed, cut]);
  await setImmediate();
  await expect(scrape(listener.port)).rejects.toThrow("ECONNREFUSED");
});
