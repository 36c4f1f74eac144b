// Numbers and times as people read them, and where they stand on the page.

const NOTHING = '–';

export const fixed = (digits: number) => (value: number | null) => value?.toFixed(digits) ?? NOTHING;
export const loss = fixed(4);
export const auc = fixed(3);
export const whole = (value: number) => Math.round(value).toLocaleString('en-US');
export const percent = (value: number | null) => (value === null ? NOTHING : `${(value * 100).toFixed(1)} %`);
export const day = (timeMs: number | null) =>
  timeMs === null ? NOTHING : new Date(timeMs).toISOString().slice(0, 10);

export function duration(valueMs: number | null): string {
  if (valueMs === null) return NOTHING;
  return valueMs < 1000 ? `${Math.round(valueMs)} ms` : `${(valueMs / 1000).toFixed(1)} s`;
}

/** The element of an id; the page's code and its HTML belong together. */
export function element<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element ${id}`);
  return found as Kind;
}

export function write(id: string, text: string): void {
  const target = element(id);
  // What does not change must not be read out again.
  if (target.textContent !== text) target.textContent = text;
}

/** The rows of a table's body; each a text per cell, the first one its heading. */
export function writeRows(id: string, rows: readonly (readonly string[])[]): void {
  const body = element<HTMLTableSectionElement>(id);
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((cells, index) => {
    const row = body.rows[index] ?? body.insertRow();
    cells.forEach((text, column) => {
      const cell = row.cells[column] ?? row.appendChild(newCell(column));
      if (cell.textContent !== text) cell.textContent = text;
    });
  });
}

function newCell(column: number): HTMLTableCellElement {
  const cell = document.createElement(column === 0 ? 'th' : 'td');
  if (column === 0) cell.scope = 'row';
  return cell;
}
