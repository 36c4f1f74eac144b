// Text as a cell of a table in Markdown.

/** A pipe would end the table's cell. */
export function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}
