import { expect, test } from "vitest";
import { parseCaptureRequest } from "./capture-request.ts";

test.each([
  ["ip=192.0.2.10", { ip: "192.0.2.10", seconds: 10, frames: 1000 }],
  [
    "seconds=600&frames=100000&ip=2001:DB8:0::10",
    { ip: "2001:db8::10", seconds: 600, frames: 100_000 },
  ],
  ["ip=2001%3Adb8%3A%3A10&seconds=1&frames=1", { ip: "2001:db8::10", seconds: 1, frames: 1 }],
  ["ip=::ffff:192.0.2.10", { ip: "192.0.2.10", seconds: 10, frames: 1000 }],
])("reads %s", (query, request) => {
  expect(parseCaptureRequest(query)).toEqual(request);
});

const IP = "give an address, as in ?ip=192.0.2.10";
const SECONDS = "is no whole number from 1 to 600: give one, or leave it out for 10";
const FRAMES = "is no whole number from 1 to 100000: give one, or leave it out for 1000";

test.each([
  ["", `parameter ip: it is missing: ${IP}`],
  ["seconds=1", `parameter ip: it is missing: ${IP}`],
  ["ip=", `parameter ip: "" is neither IPv4 nor IPv6: ${IP}`],
  ["ip=web", `parameter ip: "web" is neither IPv4 nor IPv6: ${IP}`],
  ["ip=192.0.2.0/24", `parameter ip: "192.0.2.0/24" is neither IPv4 nor IPv6: ${IP}`],
  [`ip=${"1".repeat(99)}`, `parameter ip: "${"1".repeat(45)}…" is neither IPv4 nor IPv6: ${IP}`],
  ["ip=192.0.2.10&seconds=0", `parameter seconds: "0" ${SECONDS}`],
  ["ip=192.0.2.10&seconds=601", `parameter seconds: "601" ${SECONDS}`],
  ["ip=192.0.2.10&seconds=1.5", `parameter seconds: "1.5" ${SECONDS}`],
  ["ip=192.0.2.10&seconds=", `parameter seconds: "" ${SECONDS}`],
  ["ip=192.0.2.10&frames=-1", `parameter frames: "-1" ${FRAMES}`],
  ["ip=192.0.2.10&frames=100001", `parameter frames: "100001" ${FRAMES}`],
  ["ip=192.0.2.10&frames=1e3", `parameter frames: "1e3" ${FRAMES}`],
  [
    "ip=192.0.2.10&second=1",
    'parameter "second": there is none of this name: use ip, seconds, frames',
  ],
  ["ip=192.0.2.10&ip=192.0.2.11", "parameter ip: it is given more than once: give it once"],
])("refuses %s, and says what to do", (query, why) => {
  expect(() => parseCaptureRequest(query)).toThrow(`Cannot read ${why}`);
});
