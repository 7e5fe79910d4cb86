const MOST_NAMED = 8;

/** Names with commas between, cut after a few. */
export function listNames(names: readonly string[], most = MOST_NAMED): string {
  const named = names.slice(0, most).join(", ");
  return names.length > most ? `${named} and ${names.length - most} more` : named;
}
