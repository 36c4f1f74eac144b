// Sends events to the collector in their order: one call at a time with all that waits, repeated until it is answered.
import { Metadata } from '@grpc/grpc-js';
import { IngestClient, type PutResponse } from '@weir/proto/v1/ingest';
import type { BehaviourEvent } from '@weir/proto/v1/records';
import type { EventRecord } from '../formats/record.ts';
import { EVENTS_PER_CALL, EVENTS_QUEUED_MAX } from '../limits.ts';
import { PLAIN, tracedChannel, unary } from './channel.ts';
import { Fifo } from './fifo.ts';
import type { OpenRecord } from './open-records.ts';
import { untilAcknowledged } from './until-acknowledged.ts';

interface Waiting {
  readonly event: BehaviourEvent;
  readonly open: OpenRecord;
}

export class EventSender {
  readonly #client: IngestClient;
  readonly #signal: AbortSignal;
  readonly #fail: (error: unknown) => void;
  readonly #queue = new Fifo<Waiting>();
  #sending: Promise<void> | undefined;
  #wake: (() => void) | undefined;

  /** @param fail hears of the error after which no event is sent any more */
  constructor(collector: string, signal: AbortSignal, fail: (error: unknown) => void) {
    this.#client = new IngestClient(collector, PLAIN, tracedChannel(collector, PLAIN));
    this.#signal = signal;
    this.#fail = fail;
  }

  /** Resolves when the queue has a place. */
  async ready(): Promise<void> {
    while (this.#queue.length >= EVENTS_QUEUED_MAX && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** `open` is marked done when the collector has answered for the event. */
  send(event: EventRecord, open: OpenRecord): void {
    this.#queue.push({ event: behaviourEvent(event), open });
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
  }

  close(): void {
    this.#wake?.();
    this.#client.close();
  }

  async #sendAll(): Promise<void> {
    // The call leaves after this turn, so that events read together travel together.
    await Promise.resolve();
    try {
      while (this.#queue.length > 0) {
        const batch = this.#queue.shiftMany(EVENTS_PER_CALL);
        this.#wake?.();
        const events = batch.map(({ event }) => event);
        await untilAcknowledged(
          () =>
            unary<PutResponse>((options, done) =>
              this.#client.putEvents({ events }, new Metadata(), options, done),
            ),
          this.#signal,
        );
        for (const { open } of batch) open.done = true;
      }
    } catch (error) {
      this.#fail(error);
    }
  }
}

function behaviourEvent(event: EventRecord): BehaviourEvent {
  return {
    eventId: event.eventId,
    type: event.type,
    servingId: event.servingId,
    user: event.user,
    session: '',
    docId: event.docId,
    clientTimeMs: event.timeMs,
    timeMs: event.timeMs,
    value: event.value,
    ingestTimeMs: 0,
  };
}
