/** Figures beside what they may be at most. */

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: "MiB" | "ms";
  /** The most that the value may be; a figure without is only told. */
  readonly bound?: number;
}

const HEADER = ["", "measured", "bound", ""] as const;

export function isMissed({ value, bound }: Figure): boolean {
  return bound !== undefined && value > bound;
}

/** Lines of a table: the name, the value, the bound, and whether it is kept. */
export function tableOf(figures: readonly Figure[]): readonly string[] {
  const rows = [HEADER, ...figures.map(rowOf)];
  const widths = HEADER.map((_, column) =>
    Math.max(...rows.map((row) => [...(row[column] ?? "")].length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
}

function rowOf(figure: Figure): readonly string[] {
  const { name, value, unit, bound } = figure;
  const measured = `${value.toFixed(1)} ${unit}`;
  return bound === undefined
    ? [name, measured, "", ""]
    : [name, measured, `≤ ${bound} ${unit}`, isMissed(figure) ? "✗" : "✓"];
}
