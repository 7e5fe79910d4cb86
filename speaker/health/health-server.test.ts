import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { FakeClock } from "#lib/kube/testing/fake-clock.ts";
import { RecordingLog } from "#lib/kube/testing/recording-log.ts";
import { formatArp, Operation } from "#lib/wire/arp.ts";
import { EtherType, formatEthernet } from "#lib/wire/ethernet.ts";
import { BROADCAST_MAC, ZERO_MAC } from "#lib/wire/mac.ts";
import { CaptureAsker } from "#speaker/capture/capture-asker.ts";
import { captureHandler } from "#speaker/capture/capture-handler.ts";
import type { CapturedFrame, MembersView, ToNetwork } from "#speaker/network/messages.ts";
import { listenHealth, serveHealth } from "./health-server.ts";
import { membersHandler } from "./members-handler.ts";

const ANY_PORT = 0;
const CAPTURE = "/capture?ip=192.0.2.10";
const hasTcpdump = spawnSync("tcpdump", ["--version"]).error === undefined;

const VIEW: MembersView = {
  node: "n1",
  standing: "settled",
  watches: [],
  watchedBy: [],
  members: [{ name: "n1", state: "alive", isDraining: false, macs: [] }],
  owned: { n1: { "192.0.2.10": 1 } },
  leftOut: { members: 0, groups: 0 },
};

let isReady: boolean;
let view: MembersView | undefined;
let draining: string | undefined;
let log: RecordingLog;
/** What the network thread was told. */
let sent: ToNetwork[];
let asker: CaptureAsker;
let clock: FakeClock;

beforeEach(() => {
  isReady = true;
  view = VIEW;
  draining = undefined;
  log = new RecordingLog();
  sent = [];
  clock = new FakeClock();
  asker = new CaptureAsker((message) => sent.push(message), clock);
});

async function start(): Promise<number> {
  const capture = captureHandler({ node: "n1", asker, log, clock });
  const members = membersHandler({
    view: () => Promise.resolve(view),
    draining: () => draining,
  });
  const parts = { isReady: () => isReady, capture, members, log };
  const listener = await listenHealth(ANY_PORT, parts);
  onTestFinished(() => listener[Symbol.asyncDispose]());
  return listener.port;
}

/** Asks on a connection of its own, and gives the answer when its headers are there. */
async function ask(port: number, path: string, method = "GET"): Promise<http.IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const request = http.request({ host: "127.0.0.1", port, path, method, agent: false }, resolve);
  request.on("error", reject);
  request.end();
  return await promise;
}

async function answer(port: number, path: string, method?: string) {
  const response = await ask(port, path, method);
  return { status: response.statusCode, text: await text(response), headers: response.headers };
}

test("says that it lives, and that it is ready when it is", async () => {
  const port = await start();
  expect(await answer(port, "/healthz")).toMatchObject({ status: 200, text: "ok" });
  expect(await answer(port, "/readyz")).toMatchObject({ status: 200, text: "ok" });
  isReady = false;
  expect(await answer(port, "/healthz")).toMatchObject({ status: 200, text: "ok" });
  const notReady = await answer(port, "/readyz");
  expect(notReady.status).toBe(503);
  expect(notReady.text).toMatch(/^Not ready: .*the log tells what fails\n$/);
});

test("shows the members as this node sees them, and why it gives its addresses away", async () => {
  const port = await start();
  const shown = await answer(port, "/members");
  expect(shown.headers["content-type"]).toBe("application/json");
  expect(JSON.parse(shown.text)).toEqual(VIEW);
  draining = "the Node has the annotation herald-lb.io/maintenance";
  expect(JSON.parse((await answer(port, "/members")).text)).toEqual({ ...VIEW, draining });
  view = undefined;
  const text = "The network thread does not answer within a second: the log may tell why\n";
  expect(await answer(port, "/members")).toMatchObject({ status: 503, text });
});

const NOTHING_HERE = "Nothing is served here but /healthz, /readyz, /capture and /members\n";

test.each([
  ["/", "GET", 404, NOTHING_HERE],
  ["/healthz/x", "GET", 404, NOTHING_HERE],
  ["//capture?ip=192.0.2.10", "GET", 404, NOTHING_HERE],
  ["/healthz", "POST", 405, "/healthz can be read, by GET, and not by POST\n"],
  [CAPTURE, "HEAD", 405, ""],
  ["/members", "POST", 405, "/members can be read, by GET, and not by POST\n"],
  [CAPTURE, "DELETE", 405, "/capture can be read, by GET, and not by DELETE\n"],
  [
    "/capture",
    "GET",
    400,
    "Cannot read parameter ip: it is missing: give an address, as in ?ip=192.0.2.10\n",
  ],
  [
    "/capture?ip=192.0.2.10&seconds=a?b",
    "GET",
    400,
    'Cannot read parameter seconds: "a?b" is no whole number from 1 to 600: give one, or leave it out for 10\n',
  ],
])("refuses %s by %s with %i, and says why", async (path, method, status, sentence) => {
  expect(await answer(await start(), path, method)).toMatchObject({ status, text: sentence });
  expect(sent).toEqual([]);
});

test("is on the loopback address alone", async () => {
  const port = await start();
  const elsewhere = http.get({ host: "127.0.0.2", port, path: "/healthz", agent: false });
  const [error] = await once(elsewhere, "error");
  expect(error).toMatchObject({ code: "ECONNREFUSED" });
});

test("a port that is taken is an error that names the flag, and port 0 serves nothing", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as AddressInfo;
  const parts = { isReady: () => true, capture: () => undefined, members: () => undefined, log };
  await expect(serveHealth(port, parts)).rejects.toThrow(
    `Cannot serve health on port ${port}: choose another by --health-probe-port, or 0 for none`,
  );
  expect(await serveHealth(0, parts)).toBeUndefined();
});

describe("a capture", () => {
  const CLIENT_MAC = "02:00:00:00:01:00";

  const request = formatEthernet({
    destination: BROADCAST_MAC,
    source: CLIENT_MAC,
    etherType: EtherType.arp,
    payload: formatArp({
      operation: Operation.request,
      senderMac: CLIENT_MAC,
      senderIp: parseIp("192.0.2.77"),
      targetMac: ZERO_MAC,
      targetIp: parseIp("192.0.2.10"),
    }),
  });
  const frame = (link: string): CapturedFrame => ({
    atMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    link,
    direction: "in",
    bytes: request,
    length: request.length,
  });

  /** The network thread captured these. */
  function captured(id: number, links: readonly string[], ended: boolean): void {
    asker.hear({ kind: "captured", id, frames: links.map(frame), ended });
  }

  test("is ordered as it was asked for", async () => {
    const port = await start();
    await ask(port, "/capture?ip=2001:DB8::10&seconds=20&frames=7");
    expect(sent).toEqual([
      { kind: "capture", order: { id: 1, ip: "2001:db8::10", maxFrames: 7, forMs: 20_000 } },
    ]);
  });

  test("comes as a file that says of whom it is", async () => {
    const port = await start();
    const { headers } = await ask(port, "/capture?ip=2001:db8::10");
    expect(headers).toMatchObject({
      "content-type": "application/x-pcapng",
      "content-disposition": 'attachment; filename="herald-n1-2001-db8--10.pcapng"',
      "cache-control": "no-store",
    });
  });

  test.runIf(hasTcpdump)("is read by tcpdump (needs tcpdump)", async () => {
    const response = await ask(await start(), CAPTURE);
    captured(1, ["eth0", "eth1"], false);
    captured(1, ["eth0"], true);
    const input = await buffer(response);
    const output = execFileSync("tcpdump", ["-t", "-n", "-e", "-r", "-"], {
      input,
      stdio: ["pipe", "pipe", "ignore"],
      encoding: "utf8",
    });
    const lines = output.trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    for (const line of lines) {
      expect(line).toMatch(
        `${CLIENT_MAC} > ${BROADCAST_MAC}, ethertype ARP (0x0806), length 42: Request who-has 192.0.2.10 tell 192.0.2.77`,
      );
    }
    expect(log.lines).toMatchObject([
      { message: "health served" },
      { message: "capture begun", fields: { ip: "192.0.2.10", seconds: 10, frames: 1000 } },
      { message: "capture ended", fields: { ip: "192.0.2.10", written: 3, dropped: 0 } },
    ]);
  });

  test("shows each frame as it comes", async () => {
    const response = await ask(await start(), CAPTURE);
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    await vi.waitFor(() => expect(chunks).toHaveLength(1));
    captured(1, ["eth0"], false);
    await vi.waitFor(() => expect(Buffer.concat(chunks).includes(Buffer.from(request))).toBe(true));
  });

  test("stops when its reader goes away", async () => {
    const response = await ask(await start(), CAPTURE);
    response.destroy();
    await vi.waitFor(() => expect(sent.at(-1)).toEqual({ kind: "capture-stop", id: 1 }));
  });

  test("is cut when its reader takes nothing of the rest for ten seconds", async () => {
    const response = await ask(await start(), CAPTURE);
    const frames = [{ ...frame("eth0"), bytes: new Uint8Array(1 << 16) }];
    // More than the kernel takes on its way.
    for (let round = 0; round < 256; round += 1) {
      asker.hear({ kind: "captured", id: 1, frames, ended: false });
      await setImmediate();
    }
    captured(1, [], true);
    await clock.advance(10_000);
    await expect(buffer(response)).rejects.toThrow("aborted");
  });

  test("is one of four, and the fifth is told to come later", async () => {
    const port = await start();
    const responses = await Promise.all(Array.from({ length: 4 }, () => ask(port, CAPTURE)));
    expect(await answer(port, CAPTURE)).toMatchObject({
      status: 429,
      text: "4 captures run at a time, and so many do: try again when one has ended\n",
    });
    responses[0]?.destroy();
    await vi.waitFor(async () => expect((await ask(port, CAPTURE)).statusCode).toBe(200));
  });
});
