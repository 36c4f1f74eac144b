// The pages that watch: each has one answer that never ends (server-sent events), from the history on. A page that
// does not read is cut off; it comes back by itself, and then gets the history again.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { LAST_WORDS_MS, WATCHER_BYTES_MAX, WATCHERS_MAX } from '../limits.ts';
import { History } from './history.ts';
import type { LiveEnd, LiveLook, LiveStart, Point } from './live-look.ts';

export class Watchers {
  readonly #title: string;
  readonly #history = new History<Point>();
  readonly #responses = new Set<ServerResponse>();
  #look: LiveLook | undefined;

  constructor(title: string) {
    this.#title = title;
  }

  /** False when there are too many. */
  add(response: ServerResponse): boolean {
    if (this.#responses.size >= WATCHERS_MAX) return false;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    this.#responses.add(response);
    response.on('close', () => this.#responses.delete(response));
    const start: LiveStart = { title: this.#title, history: this.#history.points };
    send(response, 'start', start);
    if (this.#look !== undefined) send(response, 'look', this.#look);
    return true;
  }

  show(look: LiveLook): void {
    this.#look = look;
    this.#history.add(look.point);
    for (const response of this.#responses) send(response, 'look', look);
  }

  /** Resolves when every page that reads has it. */
  async end(summary: readonly string[]): Promise<void> {
    const end: LiveEnd = { summary };
    const told = [...this.#responses].map((response) => {
      send(response, 'end', end);
      response.end();
      return Promise.race([once(response, 'close'), sleep(LAST_WORDS_MS, undefined, { ref: false })]);
    });
    await Promise.all(told);
  }
}

function send(response: ServerResponse, event: string, data: unknown): void {
  response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  if (response.writableLength > WATCHER_BYTES_MAX) response.destroy();
}
