import type { ServerResponse } from "node:http";

/** A whole answer; of any other status than 200 the text is a sentence. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const PLAIN_TEXT = "text/plain; charset=utf-8";

/** Whoever is refused does not keep his connection: there are only so many. */
export function writeAnswer(response: ServerResponse, { headers, status, text }: Answer): void {
  const body = Buffer.from(status === 200 ? text : `${text}\n`);
  response.writeHead(status, {
    "content-type": PLAIN_TEXT,
    "content-length": body.length,
    "cache-control": "no-store",
    ...(status !== 200 && { connection: "close" }),
    ...headers,
  });
  response.end(body);
}
