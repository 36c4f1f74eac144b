// Which documents were asked for, and how often: what a search finds. Pure.
import type { ReplayRecord } from '../formats/record.ts';
import { DOCUMENTS_REMEMBERED_MAX, SUGGESTIONS_MAX } from '../limits.ts';
import type { DocumentSuggestion } from './live-look.ts';

export class RankedDocuments {
  readonly #requests = new Map<string, number>();

  /** Passes records on, and counts their documents; beyond DOCUMENTS_REMEMBERED_MAX (200,000) new ones are not found. */
  async *count(records: AsyncIterable<ReplayRecord>): AsyncGenerator<ReplayRecord, void, undefined> {
    for await (const record of records) {
      if (record.kind === 'request') for (const id of record.docIds) this.#add(id);
      yield record;
    }
  }

  /** Undefined: never asked for. */
  requests(id: string): number | undefined {
    return this.#requests.get(id);
  }

  /** The most frequent ones whose id begins so, at most SUGGESTIONS_MAX (20). */
  suggest(prefix: string): DocumentSuggestion[] {
    const found: DocumentSuggestion[] = [];
    for (const [id, requests] of this.#requests) if (id.startsWith(prefix)) found.push({ id, requests });
    return found.sort((a, b) => b.requests - a.requests || (a.id < b.id ? -1 : 1)).slice(0, SUGGESTIONS_MAX);
  }

  #add(id: string): void {
    const requests = this.#requests.get(id);
    if (requests === undefined && this.#requests.size === DOCUMENTS_REMEMBERED_MAX) return;
    this.#requests.set(id, (requests ?? 0) + 1);
  }
}
