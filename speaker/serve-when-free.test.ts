import { expect, test } from "vitest";
import { PortError } from "#lib/http/listener.ts";
import { serveWhenFree } from "./serve-when-free.ts";

function scene() {
  const lines: string[] = [];
  const note = (message: string) => void lines.push(message);
  const log = { debug: note, info: note, warn: note, error: note };
  const stop = new AbortController();
  return { lines, log, stop };
}

test("serves as soon as the port can be had, and says once that it cannot yet", async () => {
  const { lines, log, stop } = scene();
  const events: string[] = [];
  let attempts = 0;
  const serve = async () => {
    attempts += 1;
    if (attempts < 4) {
      throw new PortError("Cannot serve metrics on port 9120");
    }
    events.push("served");
    queueMicrotask(() => stop.abort());
    return {
      [Symbol.asyncDispose]: async () => {
        events.push("ended");
      },
    };
  };
  const clock = { delay: async () => {} };
  await serveWhenFree(serve, log, stop.signal, clock);
  expect(events).toEqual(["served", "ended"]);
  expect(lines).toEqual(["endpoint not served, it is tried again"]);
});

test("gives up with the signal", async () => {
  const { log, stop } = scene();
  const serve = () => Promise.reject(new PortError("Cannot serve metrics on port 9120"));
  const clock = { delay: async () => stop.abort() };
  await serveWhenFree(serve, log, stop.signal, clock);
});

test("passes on what is no matter of ports", async () => {
  const { log, stop } = scene();
  const serve = () => Promise.reject(new Error("Cannot read tls.crt"));
  await expect(serveWhenFree(serve, log, stop.signal)).rejects.toThrow("Cannot read tls.crt");
});
