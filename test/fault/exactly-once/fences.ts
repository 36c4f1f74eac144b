// What offsets promise to whoever has acquired a partition: no shard applies anything of an older generation beyond what
// it told. Judged from notes that were taken inside trainers and shards. Pure.

export type Note =
  | {
      readonly kind: 'acquired';
      readonly generation: number;
      readonly partition: number;
      readonly offsets: readonly { readonly shard: string; readonly applied: number }[];
    }
  | {
      readonly kind: 'applied';
      readonly shard: string;
      readonly generation: number;
      readonly partition: number;
      readonly from: number;
      readonly to: number;
    };

/** One line for each range of an older generation that goes beyond what its shard told a newer one. */
export function brokenFences(notes: readonly Note[]): string[] {
  const broken: string[] = [];
  const applied = notes.filter((note) => note.kind === 'applied');
  for (const acquired of notes) {
    if (acquired.kind !== 'acquired') continue;
    const told = new Map(acquired.offsets.map((offset) => [offset.shard, offset.applied]));
    for (const { shard, generation, partition, from, to } of applied) {
      if (partition !== acquired.partition || generation >= acquired.generation) continue;
      if (to <= (told.get(shard) ?? 0)) continue;
      broken.push(
        `${shard}, partition ${partition}: generation ${acquired.generation} was told ${told.get(shard)}, ` +
          `and generation ${generation} applied [${from}, ${to})`,
      );
    }
  }
  return broken;
}
