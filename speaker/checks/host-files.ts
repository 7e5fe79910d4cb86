/** What the kernel shows of the network of this node in files, as they are at the moment. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LinkSettings } from "./facts.ts";

/** The flags of a route, linux/route.h. */
const RTF_UP = 0x0001;
const RTF_REJECT = 0x0200;

/**
 * @param root where proc and sys are mounted
 * @returns undefined when there is no such link any more
 */
export function readLinkSettings(root: string, name: string): LinkSettings | undefined {
  const effective = (sysctl: string) => {
    const of = (link: string) => readNumber(join(root, "proc/sys/net/ipv4/conf", link, sysctl));
    const own = of(name);
    return own === undefined ? undefined : Math.max(own, of("all") ?? 0);
  };
  const arpIgnore = effective("arp_ignore");
  const arpAnnounce = effective("arp_announce");
  const rpFilter = effective("rp_filter");
  if (arpIgnore === undefined || arpAnnounce === undefined || rpFilter === undefined) {
    return undefined;
  }
  const device = join(root, "sys/class/net", name);
  const isWireless = existsSync(join(device, "wireless")) || existsSync(join(device, "phy80211"));
  return { arpIgnore, arpAnnounce, rpFilter, isWireless };
}

/** Name of the link of the default route of IPv4 with the lowest metric, in the main table. */
export function readDefaultLink(root: string): string | undefined {
  const [, ...lines] = (readText(join(root, "proc/net/route")) ?? "").trim().split("\n");
  const defaults = lines.flatMap((line) => {
    const [link = "", destination, , flags = "", , , metric, mask] = line.split(/\s+/);
    const isUp = (Number.parseInt(flags, 16) & (RTF_UP | RTF_REJECT)) === RTF_UP;
    const isDefault = destination === "00000000" && mask === "00000000";
    return isUp && isDefault ? [{ link, metric: Number(metric) }] : [];
  });
  return defaults.sort((a, b) => a.metric - b.metric)[0]?.link;
}

function readNumber(file: string): number | undefined {
  const text = readText(file)?.trim();
  return text === undefined || text === "" ? undefined : Number(text);
}

/** Undefined when the file is not there: a link may go at any moment. */
function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENODEV" || code === "EINVAL") {
      return undefined;
    }
    throw error;
  }
}
