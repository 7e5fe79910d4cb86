import { percentile } from "#test/bench/statistics.ts";

/** Whole milliseconds, or a dash where nothing was measured. */
export function percentileIn(values: readonly number[], percent: number): string {
  return values.length === 0 ? "–" : `${Math.round(percentile(values, percent))}`;
}

/** Rows of cells as a table in Markdown, the first row at its head: words to the left, numbers to the right. */
export function tableOf(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const lineOf = (row: readonly string[]) => {
    const cells = widths.map((width, at) => {
      const cell = row[at] ?? "";
      return at === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${cells.join(" | ")} |`;
  };
  const rule = widths.map((width, at) => "-".repeat(width + 1) + (at === 0 ? "-" : ":"));
  return [lineOf(head), `|${rule.join("|")}|`, ...rows.slice(1).map(lineOf)].join("\n");
}
