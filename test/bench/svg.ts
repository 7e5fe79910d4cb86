/** The parts of an SVG picture. Lengths are pixels. */

export type Place = readonly [x: number, y: number];

export function line(from: Place, to: Place, color: string, attributes = ""): string {
  const [[x1, y1], [x2, y2]] = [rounded(from), rounded(to)];
  const more = attributes === "" ? "" : ` ${attributes}`;
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${color}"${more}/>`;
}

export function text([x, y]: Place, content: string, attributes: string): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped(content)}</text>`;
}

export function circle([x, y]: Place, radius: number, color: string): string {
  return `<circle cx="${round(x)}" cy="${round(y)}" r="${radius}" fill="${color}"/>`;
}

/** A whole picture on white. */
export function picture(width: number, height: number, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function rounded([x, y]: Place): Place {
  return [round(x), round(y)];
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
