import raw from "raw-socket";
import { expect, test } from "vitest";

const ECHO_REQUEST = 8;
const ECHO_REPLY = 0;
const IPV4_HEADER_LENGTH = 20;

test("raw-socket, as make setup built it, loads into this Node and speaks ICMP", async () => {
  const request = Buffer.from([ECHO_REQUEST, 0, 0, 0, 0x48, 0x65, 0, 1, ...Buffer.from("herald")]);
  request.writeUInt16BE(raw.createChecksum(request), 2);
  const socket = raw.createSocket({ protocol: raw.Protocol.ICMP });
  try {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    socket.on("error", reject);
    socket.on("message", (packet) => {
      const message = packet.subarray(IPV4_HEADER_LENGTH);
      // The loopback link shows the request as well.
      if (message[0] === ECHO_REPLY && message.subarray(4).equals(request.subarray(4))) {
        resolve(message);
      }
    });
    socket.send(request, 0, request.length, "127.0.0.1", (error) => error && reject(error));
    expect((await promise).subarray(8).toString()).toBe("herald");
  } finally {
    socket.close();
  }
});
