import { expect, test } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { receivedFrames } from "./received-frames.ts";
import { socketAddress, UdpSocket } from "./udp-socket.ts";

/** RFC 863: nobody is there to answer. */
const DISCARD = socketAddress(parseIp("127.0.0.1"), 9);

test("grows with each frame that the link receives", () => {
  const before = receivedFrames("lo");
  const socket = UdpSocket.open("IPv4", 0);
  socket.send(Uint8Array.of(0), DISCARD);
  socket.close();
  expect(receivedFrames("lo")).toBeGreaterThan(before);
});

test("is 0 for a link that is gone", () => {
  expect(receivedFrames("no-such-link")).toBe(0);
});

/** As the kernel refuses what is read of a link. */
function refusal(code: string): () => never {
  return () => {
    throw Object.assign(new Error(code), { code });
  };
}

test.each(["ENODEV", "EINVAL"])("is 0 for a link that goes while it is looked at: %s", (code) => {
  expect(receivedFrames("eth0", refusal(code))).toBe(0);
});

test("throws when the kernel refuses for any other reason", () => {
  expect(() => receivedFrames("eth0", refusal("EACCES"))).toThrow("EACCES");
});
