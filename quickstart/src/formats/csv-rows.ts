// The rows of a CSV file with a header, each with its line number; rows that cannot be used are bad lines.
import { columnIndexes, splitCsv } from './csv.ts';
import type { SortedRow } from './external-sort.ts';
import { readLines } from './lines.ts';
import { BadLine, type OnBadLine } from './record.ts';

/**
 * @param columns names that the header must have
 * @param parse makes a row of the fields, in the order of `columns`; throws BadLine
 */
export async function* readCsvRows<Row>(
  path: string,
  columns: readonly string[],
  parse: (fields: readonly string[]) => Row,
  onBadLine: OnBadLine,
): AsyncGenerator<SortedRow<Row>> {
  let indexes: readonly number[] | undefined;
  for await (const { number, text } of readLines(path, onBadLine)) {
    try {
      if (indexes === undefined) {
        indexes = columnIndexes(text, columns);
        continue;
      }
      const fields = splitCsv(text);
      const row = parse(indexes.map((index) => fields[index] ?? ''));
      yield { line: number, characters: text.length, row };
    } catch (error) {
      if (!(error instanceof BadLine)) throw error;
      onBadLine(number, error.message);
      // Without its header nothing of the file can be read.
      if (indexes === undefined) return;
    }
  }
}
