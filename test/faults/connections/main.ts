/**
 * Exchanges requests by TCP with an HTTP server, until SIGTERM: on some connections that stay, and on a new one each
 * 20 ms. Says when those that stay are there, and at the end what became of all, as lines of JSON.
 * Usage: main.ts ADDRESS PORT
 */

import { connect, isIPv6, type Socket } from "node:net";
import type { ConnectionReport } from "#test/faults/connections.ts";

const LONG_CONNECTIONS = 20;
const REQUEST_EVERY_MS = 100;
const CONNECT_EVERY_MS = 20;
/** A SYN that is lost is sent again after a second: by then a user has noticed. */
const ANSWER_LIMIT_MS = 1_000;

const [, , address = "", port = ""] = process.argv;
const host = isIPv6(address) ? `[${address}]` : address;
const REQUEST = `GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`;

const report = { kept: LONG_CONNECTIONS, reset: 0, opened: 0, failed: 0 };
const short = new Set<Promise<void>>();

const long = Array.from({ length: LONG_CONNECTIONS }, keepOpen);
await Promise.all(long.map(({ answered }) => answered));
say({ ready: true });

const timers = [
  setInterval(() => {
    for (const { socket } of long.filter((connection) => !connection.socket.destroyed)) {
      socket.write(REQUEST);
    }
  }, REQUEST_EVERY_MS),
  setInterval(() => {
    const exchange = exchangeOnce().finally(() => short.delete(exchange));
    short.add(exchange);
  }, CONNECT_EVERY_MS),
];

process.once("SIGTERM", () => void end());

/** A connection that nobody here ends. */
function keepOpen(): { readonly socket: Socket; readonly answered: Promise<void> } {
  const socket = open();
  const answered = Promise.withResolvers<void>();
  socket.on("data", () => answered.resolve());
  socket.once("error", (error) => answered.reject(error));
  socket.once("close", () => {
    report.reset += 1;
  });
  socket.write(REQUEST);
  return { socket, answered: answered.promise };
}

/** Opens a connection for one request. */
async function exchangeOnce(): Promise<void> {
  report.opened += 1;
  const socket = open();
  const isAnswered = await new Promise<boolean>((resolve) => {
    socket.once("data", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.setTimeout(ANSWER_LIMIT_MS, () => resolve(false));
    socket.write(REQUEST);
  });
  report.failed += isAnswered ? 0 : 1;
  socket.destroy();
}

function open(): Socket {
  return connect({ host: address, port: Number(port), noDelay: true });
}

async function end(): Promise<void> {
  timers.forEach(clearInterval);
  await Promise.all(short);
  say({ ...report } satisfies ConnectionReport);
  process.exit(0);
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
