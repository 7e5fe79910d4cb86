/** Lines of a table whose columns are as wide as what stands in them. */

/** @param isLeft whether a column begins at its left edge; else its cells end at the right one */
export function alignColumns(
  rows: readonly (readonly string[])[],
  isLeft: (column: number) => boolean,
): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => lengthOf(row[column] ?? ""))),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const padding = " ".repeat((widths[column] ?? 0) - lengthOf(cell));
        return isLeft(column) ? cell + padding : padding + cell;
      })
      .join("  ")
      .trimEnd(),
  );
}

function lengthOf(text: string): number {
  return [...text].length;
}
