import { readFileSync } from "node:fs";

/** How many frames of any kind the link has received since it is there; 0 when it is gone. */
export function receivedFrames(link: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${link}/statistics/rx_packets`, "latin1"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return 0;
    }
    throw error;
  }
}
