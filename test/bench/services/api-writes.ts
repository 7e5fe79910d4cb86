/** Which writes an API server has been asked for, counted by itself. */

import type { KubeClient } from "#lib/kube/client.ts";

/** How many times each, by verb and resource as in `PATCH services/status`; refused ones count too. */
export type ApiWrites = Readonly<Record<string, number>>;

const REQUESTS = "apiserver_request_total";
const WRITING = ["POST", "PUT", "PATCH", "APPLY", "DELETE"];

export async function apiWrites(client: KubeClient): Promise<ApiWrites> {
  const never = new AbortController().signal;
  const chunks: Uint8Array[] = [];
  for await (const chunk of await client.stream("/metrics", {}, never)) {
    chunks.push(chunk);
  }
  return parseApiWrites(Buffer.concat(chunks).toString());
}

/** Reads the counter `apiserver_request_total` out of Prometheus's text format. */
export function parseApiWrites(metrics: string): ApiWrites {
  const writes: Record<string, number> = {};
  for (const line of metrics.split("\n")) {
    const [, labels = "", value = ""] = /^(\w+\{.*\}) (\S+)$/.exec(line) ?? [];
    const verb = label(labels, "verb");
    if (labels.startsWith(`${REQUESTS}{`) && WRITING.includes(verb)) {
      const subresource = label(labels, "subresource");
      const resource = `${label(labels, "resource")}${subresource && `/${subresource}`}`;
      const name = `${verb} ${resource}`;
      writes[name] = (writes[name] ?? 0) + Number(value);
    }
  }
  return writes;
}

/** Those that came after. */
export function writesSince(before: ApiWrites, after: ApiWrites): ApiWrites {
  const counts = Object.entries(after).map(
    ([name, count]) => [name, count - (before[name] ?? 0)] as const,
  );
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

function label(labels: string, name: string): string {
  return new RegExp(`[{,]${name}="([^"]*)"`).exec(labels)?.[1] ?? "";
}
