// Results on stdout: one JSON object on one line, or text for people.

export interface Result {
  /** For `--json`. */
  readonly json: object;
  readonly text: string;
}

export function print(result: Result, asJson: boolean): void {
  process.stdout.write(`${asJson ? JSON.stringify(result.json) : result.text.trimEnd()}\n`);
}

/** Columns under a header; numbers to the right. */
export function columns(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [header, ...rows].map((row) => row.map(String));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const right = header.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'),
  );
  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          right[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
