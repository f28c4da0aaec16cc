/** Groups rows by the snap that they are about, each group in the order of the rows. */
export function bySnap<T extends { readonly snapId: string }>(items: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.snapId);
    if (group === undefined) groups.set(item.snapId, [item]);
    else group.push(item);
  }
  return groups;
}
