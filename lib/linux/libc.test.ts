import { expect, test } from "vitest";
import { check, close, LinuxError } from "./libc.ts";

const EPERM = 1;
const NO_DESCRIPTOR = -1;

test("says what the call was for, and why it failed", () => {
  const error = new LinuxError("open a packet socket on eth0", EPERM);
  expect(error.message).toBe("Cannot open a packet socket on eth0: operation not permitted");
  expect(error.code).toBe("EPERM");
});

test("says how to mend it, where that is known", () => {
  const mends = { EPERM: "permission denied: give the container the NET_RAW capability" };
  expect(new LinuxError("open a packet socket on eth0", EPERM, mends).message).toBe(
    "Cannot open a packet socket on eth0: permission denied: give the container the NET_RAW capability",
  );
});

test("throws what a failed call left in errno", () => {
  expect(() => check(close(NO_DESCRIPTOR), "close a socket")).toThrow(
    "Cannot close a socket: bad file descriptor",
  );
});
