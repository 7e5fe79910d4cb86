import { expect, test } from "vitest";
import { type Exchange, readBody, send } from "./exchange.ts";
import { FaultServer } from "./testing/fault-server.ts";

const BODY = "0123456789";

async function read(maxBytes: number, over: "cut" | "refuse"): Promise<string> {
  await using server = await FaultServer.start();
  server.script("other", { kind: "body", body: BODY });
  const exchange: Exchange = {
    origin: server.origin,
    access: { tls: {}, headers: {} },
    method: "GET",
    path: "/",
    headers: {},
    agent: false,
    signal: new AbortController().signal,
  };
  return await readBody(exchange, await send(exchange), { maxBytes, over });
}

test("reads a body of the greatest length", async () => {
  expect(await read(BODY.length, "refuse")).toBe(BODY);
});

test("refuses a longer one", async () => {
  await expect(read(BODY.length - 1, "refuse")).rejects.toThrow(
    "GET /: the answer has more than 9 bytes",
  );
});

test("cuts a longer one, where that will do", async () => {
  expect(await read(4, "cut")).toBe("0123");
});
