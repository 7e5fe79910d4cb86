/** A Pod stand-in: says by HTTP who answers and who asked, and echoes UDP, over both families, on each port given. */

import { createSocket } from "node:dgram";
import { createServer } from "node:http";

const [, , name = "", ...ports] = process.argv;
const IPV4_MAPPED = /^::ffff:/;

for (const port of ports.map(Number)) {
  serveHttp(port);
  echoUdp(port);
}

function serveHttp(port: number): void {
  const server = createServer((request, response) => {
    const client = request.socket.remoteAddress?.replace(IPV4_MAPPED, "");
    response.setHeader("content-type", "text/plain");
    response.end(`hello from ${name}, client ${client}\n`);
  });
  // A connection that a test keeps open stays open: an end that comes from here would look like a fault.
  server.keepAliveTimeout = 0;
  server.listen(port, "::", () => process.stdout.write(`${JSON.stringify({ port })}\n`));
}

function echoUdp(port: number): void {
  const echo = createSocket("udp6");
  echo.on("message", (payload, { address, port: source }) => echo.send(payload, source, address));
  echo.bind(port, "::");
}
