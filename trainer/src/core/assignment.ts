// Who trains which partition: a pure function of the members that met at the barrier, so that all of them, and whoever
// reads the barrier's result, say the same. Every partition has exactly one owner; shares differ by at most one.

/** @param members at least one, in any order. */
export function ownerOf(partition: number, members: readonly string[]): string {
  const sorted = members.toSorted();
  return sorted[partition % sorted.length]!;
}

/** Partitions 0 to `partitions` - 1 by owner, in the order of names; a member without any has an empty list. */
export function assignPartitions(
  members: readonly string[],
  partitions: number,
): ReadonlyMap<string, readonly number[]> {
  const sorted = members.toSorted();
  return new Map(
    sorted.map((member, place) => [
      member,
      Array.from({ length: partitions }, (_, partition) => partition).filter(
        (partition) => partition % sorted.length === place,
      ),
    ]),
  );
}
