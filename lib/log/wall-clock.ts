/** The last microsecond of a millisecond. */
const ALMOST_ONE_MS = 0.999;

/**
 * Makes a clock of milliseconds since 1970 with microseconds as fractions, by which lines of several processes can be
 * put in order. Neither clock of Node does alone: `Date` has whole milliseconds, and `performance` counts on from the
 * start of the process, whatever is done to the machine's clock since.
 *
 * @param whole milliseconds since 1970, without fractions
 * @param fine the same with fractions, perhaps by and by wrong
 */
export function wallClock(
  whole: () => number = Date.now,
  fine: () => number = () => performance.timeOrigin + performance.now(),
): () => number {
  let correction = 0;
  return () => {
    const least = whole();
    const guess = fine() + correction;
    const now = Math.min(Math.max(guess, least), least + ALMOST_ONE_MS);
    correction += now - guess;
    return Math.round(now * 1000) / 1000;
  };
}
