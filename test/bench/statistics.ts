/** What is told of many measurements of one thing. */

export interface Summary {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** @throws {RangeError} when there are no values */
export function summarize(values: readonly number[]): Summary {
  return {
    p50: percentile(values, 50),
    p90: percentile(values, 90),
    p99: percentile(values, 99),
    max: percentile(values, 100),
  };
}

/**
 * Gives the least of the values that as many per cent of them do not exceed (nearest rank): a value that was measured.
 *
 * @throws {RangeError} when there are no values
 */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (value === undefined) {
    throw new RangeError("Cannot give a percentile of no values");
  }
  return value;
}

/** @throws {RangeError} when there are no values */
export function mean(values: readonly number[]): number {
  if (values.length === 0) {
    throw new RangeError("Cannot give the mean of no values");
  }
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
