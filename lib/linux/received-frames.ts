import { readFileSync } from "node:fs";

/** There is no such link, it went while the file was open, or it is about to go. */
const GONE: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENODEV", "EINVAL"]);

/** How many frames of any kind the link has received since it is there; 0 when it is gone. */
export function receivedFrames(link: string, read = readText): number {
  try {
    return Number(read(`/sys/class/net/${link}/statistics/rx_packets`));
  } catch (error) {
    if (GONE.has((error as NodeJS.ErrnoException).code)) {
      return 0;
    }
    throw error;
  }
}

function readText(path: string): string {
  return readFileSync(path, "latin1");
}
