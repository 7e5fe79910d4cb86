/** Upper bounds of the histogram of answer times, in seconds: both threads count by them. */
export const LATENCY_BOUNDS: readonly number[] = [
  0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,
];
