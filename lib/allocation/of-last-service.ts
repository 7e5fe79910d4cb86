import type { Service } from "#lib/api/service.ts";

/** Remembers the answer about one Service, the last: a decision and what follows ask for the same several times in a row. */
export function ofLastService<T extends object>(
  read: (service: Service) => T,
): (service: Service) => T {
  let last: { readonly service: Service; readonly answer: T } | undefined;
  return (service) => {
    if (last?.service !== service) {
      last = { service, answer: read(service) };
    }
    return last.answer;
  };
}
