import { PassThrough, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { expect, test, vi } from "vitest";
import { formatInterface, formatPacket, formatSectionHeader } from "#lib/wire/pcapng.ts";
import type { CapturedFrame } from "#speaker/network/messages.ts";
import { Trace } from "./trace.ts";

const frameOn = (link: string, length = 60): CapturedFrame => ({
  atMs: 1_767_225_600_000,
  link,
  direction: "in",
  bytes: new Uint8Array(length),
  length,
});

function packetOf({ link: _, ...frame }: CapturedFrame, interfaceId: number): Uint8Array {
  return formatPacket({ interfaceId, ...frame });
}

test("describes each link once, before its first frame", () => {
  const output = new PassThrough();
  const trace = new Trace(output);
  const [onFirst, onSecond] = [frameOn("eth0"), frameOn("eth1")];
  trace.write([onFirst, onSecond]);
  trace.write([onSecond, onFirst]);
  expect(output.read()).toEqual(
    Buffer.concat([
      formatSectionHeader(),
      formatInterface("eth0"),
      packetOf(onFirst, 0),
      formatInterface("eth1"),
      packetOf(onSecond, 1),
      packetOf(onSecond, 1),
      packetOf(onFirst, 0),
    ]),
  );
});

test("drops and counts what a slow reader has no room for, and the file stays whole", async () => {
  const taken: Buffer[] = [];
  const { promise: hasWoken, resolve: wake } = Promise.withResolvers<void>();
  const output = new Writable({
    write: (chunk: Buffer, _, done) => {
      taken.push(chunk);
      void hasWoken.then(() => done());
    },
  });
  const trace = new Trace(output);
  const long = frameOn("eth0", 9000);
  for (let round = 0; round < 200; round += 1) {
    trace.write([long]);
  }
  const { dropped, written } = trace.counts;
  expect(written + dropped).toBe(200);
  expect(output.writableLength).toBeGreaterThan(1 << 20);
  expect(output.writableLength).toBeLessThan((1 << 20) + 10_000);
  wake();
  await vi.waitFor(() => expect(output.writableLength).toBe(0));
  trace.write([long]);
  output.end();
  await finished(output);
  expect(trace.counts).toEqual({ dropped, written: written + 1 });
  const packets = Array.from({ length: written + 1 }, () => packetOf(long, 0));
  const file = [formatSectionHeader(), formatInterface("eth0"), ...packets];
  expect(Buffer.concat(taken).equals(Buffer.concat(file))).toBe(true);
});
