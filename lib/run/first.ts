/** The first questions of a list. Pure. */

/** `count` of `rows`, those that `few` names first; both parts keep the order of `rows`. */
export function putFirst<T extends { id: string }>(
  rows: readonly T[],
  few: readonly { id: string }[],
  count: number,
): T[] {
  const ids = new Set(few.map(({ id }) => id));
  return [...rows.filter(({ id }) => ids.has(id)), ...rows.filter(({ id }) => !ids.has(id))].slice(0, count);
}
