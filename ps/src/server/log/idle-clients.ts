// Forgets client incarnations that have pushed nothing for CLIENT_IDLE_MS, so that clients that come and go do not fill
// memory. The decision is a log record, and replay forgets at the same position. How long a client has been idle is known
// since the last start only: after a restart its time begins anew.
import type { Runtime } from '@weir/runtime';
import type { ClientNumbers } from '../../core/client-numbers.ts';
import { type ClientNumber, encodeLogRecord } from '../../core/log-record.ts';
import { CLIENT_IDLE_LOOK_MS, CLIENT_IDLE_MS, FORGET_CLIENTS_MAX } from '../../limits.ts';
import type { ShardCounters } from '../counters.ts';
import type { ShardClock } from '../shard-clock.ts';
import type { PushLog } from './push-log.ts';

export interface IdleClientsParts {
  readonly numbers: ClientNumbers;
  readonly log: PushLog;
  readonly clock: ShardClock;
  readonly counters: ShardCounters;
  readonly logger: Runtime['log'];
}

/** A client as it was found: since when its last number is this one. */
interface Sighting {
  readonly client: ClientNumber;
  readonly sinceMs: number;
}

export class IdleClients {
  readonly #parts: IdleClientsParts;
  #sightings = new Map<string, Sighting>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: IdleClientsParts) {
    this.#parts = parts;
  }

  /** Looks for idle clients from now on. */
  start(): void {
    this.#timer = setInterval(() => {
      this.look().catch((error: unknown) => {
        this.#parts.logger.warn(
          { err: error },
          'idle clients could not be forgotten; the next look tries again',
        );
      });
    }, CLIENT_IDLE_LOOK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Forgets who is idle for long enough. @throws WeirError of the log: STORAGE_FAILED, UNAVAILABLE. */
  async look(): Promise<void> {
    const idle = this.#idle();
    for (let from = 0; from < idle.length; from += FORGET_CLIENTS_MAX) {
      await this.#forget(idle.slice(from, from + FORGET_CLIENTS_MAX));
    }
  }

  #idle(): ClientNumber[] {
    const now = this.#parts.clock.now();
    const sightings = new Map<string, Sighting>();
    const idle: ClientNumber[] = [];
    for (const client of this.#parts.numbers.settled()) {
      const key = `${client.id.length}:${client.id}${client.incarnation}`;
      const before = this.#sightings.get(key);
      const sighting = before?.client.number === client.number ? before : { client, sinceMs: now };
      sightings.set(key, sighting);
      if (now - sighting.sinceMs >= CLIENT_IDLE_MS) idle.push(client);
    }
    this.#sightings = sightings;
    return idle;
  }

  #forget(clients: readonly ClientNumber[]): Promise<void> {
    const { log, numbers, counters } = this.#parts;
    return new Promise((resolve, reject) => {
      log.submit({
        bytes: clients.reduce((sum, { id, incarnation }) => sum + id.length + incarnation.length + 16, 0),
        encode: (seq) => encodeLogRecord({ kind: 'forget', seq, clients }),
        apply: () => {
          for (const client of clients) if (numbers.forget(client)) counters.clientsForgotten++;
          resolve();
        },
        refuse: reject,
      });
    });
  }
}
