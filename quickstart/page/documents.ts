// The search for a document, and its vectors, asked for anew every second: one sees them being learned.
import type { DocumentLook, DocumentSuggestion } from '../src/live/live-look.ts';
import { element, fixed, percent, whole, write, writeRows } from './text.ts';

const INTERVAL_MS = 1_000;
const weight = fixed(4);
let shownId: string | undefined;

export function searchDocuments(): void {
  const search = element<HTMLInputElement>('document-id');
  search.addEventListener('input', () => void suggest(search.value));
  search.addEventListener('focus', () => void suggest(search.value));
  element<HTMLFormElement>('document-search').addEventListener('submit', (event) => {
    event.preventDefault();
    shownId = search.value.trim();
    void show();
  });
  setInterval(() => void show(), INTERVAL_MS);
}

async function suggest(prefix: string): Promise<void> {
  const found = await ask<readonly DocumentSuggestion[]>(`/documents?prefix=${encodeURIComponent(prefix)}`);
  if ('error' in found) return;
  const options = found.map(({ id, requests }) => new Option(`asked for ${whole(requests)} times`, id));
  element('document-ids').replaceChildren(...options);
}

async function show(): Promise<void> {
  const id = shownId;
  if (id === undefined || id === '') return;
  const look = await ask<DocumentLook>(`/document?id=${encodeURIComponent(id)}`);
  if (id !== shownId) return;
  const failed = 'error' in look;
  element('document-vectors').hidden = failed;
  if (failed) return write('document-text', look.error.message);
  const chances = Object.entries(look.probabilities).map(([label, value]) => `${label} ${percent(value)}`);
  write(
    'document-text',
    `Document ${id}, asked for ${whole(look.requests)} times; of a stranger: ${chances.join(', ')}`,
  );
  writeRows(
    'vectors',
    look.vectors.map(({ table, key, weights }) => [table, key, weights.map(weight).join('  ')]),
  );
}

async function ask<Answer>(path: string): Promise<Answer | { readonly error: { readonly message: string } }> {
  try {
    const response = await fetch(path);
    return (await response.json()) as Answer;
  } catch {
    return { error: { message: 'The run does not answer; it may have ended.' } };
  }
}
