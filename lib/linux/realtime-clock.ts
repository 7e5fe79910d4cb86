/** The clock by which the kernel stamps what arrives. Unlike `Date` it has more than milliseconds: clock_gettime(2). */

import { check, clock_gettime } from "./libc.ts";

const CLOCK_REALTIME = 0;
const TIMESPEC_LENGTH = 16;
const NANOSECONDS_OFFSET = 8;
const NS_PER_SECOND = 1_000_000_000n;

const time = new DataView(new ArrayBuffer(TIMESPEC_LENGTH));
const timeBytes = new Uint8Array(time.buffer);

/** Nanoseconds since the epoch. */
export function realtimeNs(): bigint {
  check(clock_gettime(CLOCK_REALTIME, timeBytes), "read the clock");
  return timespecNs(time, 0);
}

/** Reads a `struct timespec`. */
export function timespecNs(view: DataView, start: number): bigint {
  const seconds = view.getBigInt64(start, true);
  return seconds * NS_PER_SECOND + view.getBigInt64(start + NANOSECONDS_OFFSET, true);
}
