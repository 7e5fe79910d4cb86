import { conflictCondition } from "#lib/api/address-conflict.ts";
import type { Service } from "#lib/api/service.ts";

const HOST = { mac: "02:42:ac:11:00:07", node: "n2", link: "eth0" } as const;

/** The Service as it is when a speaker has told it of another host at its address. */
export function toldOfHost(
  service: Service,
  ip: string,
  when: "first-use" | "in-use",
  nowMs: number,
): Service {
  const told = conflictCondition({ ...HOST, ip, when });
  const others = service.conditions.filter(({ type }) => type !== told.type);
  const lastTransitionTime = new Date(nowMs).toISOString();
  return { ...service, conditions: [...others, { ...told, lastTransitionTime }] };
}
