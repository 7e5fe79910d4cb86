/** The order in which nodes are preferred, the same on every node and as MetalLB's speakers compute it. */

import { covers } from "#lib/api/covering.ts";
import type { L2Advertisement } from "#lib/api/l2-advertisement.ts";
import type { Node } from "#lib/api/node.ts";
import { matches } from "#lib/api/selector.ts";

/** SHA-256 of the text in UTF-8. */
export type Sha256 = (text: string) => Uint8Array;

/**
 * Sorts nodes by preference score, the highest first, then by SHA-256 of `name#ip`, the smallest first.
 *
 * @param ip the address that decides the order, in canonical text
 * @returns names of nodes
 */
export function preferenceOrder(
  nodes: readonly Node[],
  advertisements: readonly L2Advertisement[],
  ip: string,
  sha256: Sha256,
): readonly string[] {
  return nodes
    .map((node) => ({
      name: node.name,
      score: preferenceScore(advertisements, node),
      digest: sha256(`${node.name}#${ip}`),
    }))
    .sort((a, b) => b.score - a.score || compareBytes(a.digest, b.digest))
    .map(({ name }) => name);
}

/** The weights of all preferences for the node, of those advertisements that cover it. */
function preferenceScore(advertisements: readonly L2Advertisement[], node: Node): number {
  let score = 0;
  for (const { preferredNodes, nodeSelectors } of advertisements) {
    if (preferredNodes.length > 0 && covers(nodeSelectors, node.labels)) {
      for (const { weight, selector } of preferredNodes) {
        score += matches(selector, node.labels) ? weight : 0;
      }
    }
  }
  return score;
}

/**
 * The node that reports on Services that nobody owns: the first of the living in hash order, so that one node
 * writes and all agree which.
 *
 * @param alive names of the nodes held alive
 */
export function reportingNode(alive: Iterable<string>, sha256: Sha256): string | undefined {
  let first: { readonly name: string; readonly digest: Uint8Array } | undefined;
  for (const name of alive) {
    const digest = sha256(name);
    if (first === undefined || compareBytes(digest, first.digest) < 0) {
      first = { name, digest };
    }
  }
  return first?.name;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
