// What offsets promise to whoever has acquired a partition: none of an older generation is applied any more beyond them.
// Judged from the notes that trainers took. Pure.

export type Note =
  | {
      readonly kind: 'acquired';
      readonly generation: number;
      readonly partition: number;
      readonly offsets: readonly { readonly shard: string; readonly applied: number }[];
    }
  /** All shards have acknowledged the range. */
  | {
      readonly kind: 'applied';
      readonly generation: number;
      readonly partition: number;
      readonly from: number;
      readonly to: number;
    };

/** One line for each acknowledged range of an older generation that an acquired offset does not cover. */
export function brokenFences(notes: readonly Note[]): string[] {
  const broken: string[] = [];
  const applied = notes.filter((note) => note.kind === 'applied');
  for (const acquired of notes) {
    if (acquired.kind !== 'acquired') continue;
    const least = Math.min(...acquired.offsets.map(({ applied: offset }) => offset));
    for (const { generation, partition, from, to } of applied) {
      if (partition !== acquired.partition || generation >= acquired.generation || to <= least) continue;
      broken.push(
        `partition ${partition}: generation ${acquired.generation} was told ${least}, and generation ${generation} applied [${from}, ${to})`,
      );
    }
  }
  return broken;
}
