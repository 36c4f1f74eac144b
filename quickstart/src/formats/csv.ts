// One line of a CSV file (RFC 4180, without line ends inside quotes). Pure.
import { BadLine } from './record.ts';

/** @throws BadLine when a quote is not closed. */
export function splitCsv(line: string): string[] {
  if (!line.includes('"')) return line.split(',');
  const fields: string[] = [];
  let start = 0;
  while (start <= line.length) {
    if (line[start] === '"') {
      let value = '';
      let from = start + 1;
      for (;;) {
        const quote = line.indexOf('"', from);
        if (quote === -1) throw new BadLine('a quote is not closed');
        value += line.slice(from, quote);
        from = quote + 2;
        if (line[quote + 1] !== '"') break;
        value += '"';
      }
      fields.push(value);
      start = from;
    } else {
      const comma = line.indexOf(',', start);
      const end = comma === -1 ? line.length : comma;
      fields.push(line.slice(start, end));
      start = end + 1;
    }
  }
  return fields;
}

/**
 * Where each named column stands.
 * @throws BadLine naming the first column that the header lacks.
 */
export function columnIndexes(header: string, names: readonly string[]): number[] {
  const found = splitCsv(header.replace(/^\uFEFF/, ''));
  return names.map((name) => {
    const index = found.indexOf(name);
    if (index >= 0) return index;
    throw new BadLine(`column ${name} is missing; the header has ${found.slice(0, 20).join(', ')}`);
  });
}

/** @throws BadLine unless the text is a finite number. */
export function numberField(text: string, name: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new BadLine(`${name} is ${JSON.stringify(text)}, not a number`);
  return value;
}

/** @throws BadLine when the text is empty. */
export function textField(text: string, name: string): string {
  if (text === '') throw new BadLine(`${name} is empty`);
  return text;
}
