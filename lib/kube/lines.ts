import { badAnswerError } from "./kube-error.ts";

const NEWLINE = 0x0a;

/**
 * Cuts a stream of bytes into lines, without their newlines; empty lines and an unfinished last one are left out.
 *
 * @throws {KubeError} when a line has more than `maxBytes`
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let unfinished: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const rest = chunk.subarray(start, end);
      refuseOver(maxBytes, length + rest.length);
      const line = unfinished.length === 0 ? rest : Buffer.concat([...unfinished, rest]);
      unfinished = [];
      length = 0;
      start = end + 1;
      if (line.length > 0) {
        yield line;
      }
    }
    unfinished.push(chunk.subarray(start));
    length += chunk.length - start;
    refuseOver(maxBytes, length);
  }
}

function refuseOver(maxBytes: number, length: number): void {
  if (length > maxBytes) {
    throw badAnswerError(`Cannot read the watch stream: a line has more than ${maxBytes} bytes`);
  }
}
