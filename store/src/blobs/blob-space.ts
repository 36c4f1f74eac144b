// Which blob files are worth their space.

export interface Worthless {
  /** Nothing in them is referred to. */
  readonly dead: readonly number[];
  /** So little is that it should be written anew elsewhere. */
  readonly sparse: ReadonlySet<number>;
}

/**
 * So many that the files take at most twice the bytes that are referred to, and two files; those with the least first, so that no more
 * is written anew than is gained.
 * @param sizes bytes of each file that is written to no more. @param live of these, bytes that are referred to.
 * @param fileBytes of a whole file.
 */
export function worthless(
  sizes: ReadonlyMap<number, number>,
  live: ReadonlyMap<number, number>,
  fileBytes: number,
): Worthless {
  const of = (file: number): number => live.get(file) ?? 0;
  const files = [...sizes.keys()];
  const rest = files.filter((file) => of(file) > 0);
  const needed = sum(rest.map(of));
  let taken = sum(rest.map((file) => sizes.get(file)!));
  const sparse = new Set<number>();
  for (const file of rest.sort((a, b) => of(a) / sizes.get(a)! - of(b) / sizes.get(b)!)) {
    if (taken <= 2 * needed + 2 * fileBytes) break;
    sparse.add(file);
    taken -= sizes.get(file)! - of(file);
  }
  return { dead: files.filter((file) => of(file) === 0), sparse };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
