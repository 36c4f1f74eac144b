// The rows of a CSV file with a header, each with its line number; rows that cannot be used are bad lines.
import { columnIndexes, splitCsv } from './csv.ts';
import type { SortedRow } from './external-sort.ts';
import { readLines } from './lines.ts';
import { BadLine, type OnBadLine } from './record.ts';

/**
 * @param columns names that the header must have
 * @param parse makes a row of the text of these columns; throws BadLine
 */
export async function* readCsvRows<Name extends string, Row>(
  path: string,
  columns: readonly Name[],
  parse: (fields: Readonly<Record<Name, string>>) => Row,
  onBadLine: OnBadLine,
): AsyncGenerator<SortedRow<Row>> {
  let indexes: readonly number[] | undefined;
  for await (const { number, text } of readLines(path, onBadLine)) {
    try {
      if (indexes === undefined) {
        indexes = columnIndexes(text, columns);
        continue;
      }
      const values = splitCsv(text);
      const fields = {} as Record<Name, string>;
      for (let i = 0; i < columns.length; i++) fields[columns[i]!] = values[indexes[i]!] ?? '';
      yield { line: number, characters: text.length, row: parse(fields) };
    } catch (error) {
      if (!(error instanceof BadLine)) throw error;
      onBadLine(number, error.message);
      // Without its header nothing of the file can be read.
      if (indexes === undefined) return;
    }
  }
}
