const UNITS = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

/**
 * A duration as `parseDuration` reads it and a person writes it, such as `1h30m`: units of which there are none are left out.
 *
 * @param ms a whole number, at least 0
 */
export function formatDuration(ms: number): string {
  let rest = ms;
  let text = "";
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    text += count > 0 ? `${count}${unit}` : "";
  }
  return text || "0s";
}
