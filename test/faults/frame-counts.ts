/**
 * What the switch of a lab carries from one node to another, counted by nftables: in a lab that is what their speakers and
 * kernels say to each other. What is for all, as the announcements of addresses, is not counted.
 */

import type { Bridge } from "#test/lab/bridge.ts";

const TABLE = "bridge frames";
const TO_ONE = "ether daddr & 01:00:00:00:00:00 == 00:00:00:00:00:00";

export interface FrameCounts {
  readonly sent: number;
  readonly received: number;
}

interface Listing {
  readonly nftables: readonly {
    readonly counter?: { readonly name: string; readonly packets: number };
  }[];
}

/** Counts while `during` lasts. @returns by node */
export async function countFrames(
  bridge: Bridge,
  nodes: readonly string[],
  during: () => Promise<void>,
): Promise<ReadonlyMap<string, FrameCounts>> {
  const quote = (node: string) => `"${bridge.portOf(node)}"`;
  const all = `{ ${nodes.map(quote).join(", ")} }`;
  const script = [
    `table ${TABLE} {`,
    ...nodes.flatMap((node) => [`counter sent_${node} {}`, `counter received_${node} {}`]),
    "chain forward {",
    "type filter hook forward priority 0; policy accept;",
    ...nodes.flatMap((node) => [
      `iifname ${quote(node)} oifname ${all} ${TO_ONE} counter name sent_${node}`,
      `iifname ${all} oifname ${quote(node)} ${TO_ONE} counter name received_${node}`,
    ]),
    "}",
    "}",
    "",
  ];
  await bridge.exec("nft", ["--file", "-"], script.join("\n"));
  try {
    await during();
    const text = await bridge.exec("nft", ["--json", "list", "table", ...TABLE.split(" ")]);
    const { nftables } = JSON.parse(text) as Listing;
    const packets = new Map(
      nftables.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets]] : [])),
    );
    const count = (name: string) => packets.get(name) ?? 0;
    return new Map(
      nodes.map((node) => [
        node,
        { sent: count(`sent_${node}`), received: count(`received_${node}`) },
      ]),
    );
  } finally {
    await bridge.exec("nft", ["delete", "table", ...TABLE.split(" ")]);
  }
}
