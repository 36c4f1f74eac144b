// Which push numbers of which client were seen. Two positions per (client id, incarnation): the last number admitted
// to the queue and the last one that stands in the log. Only logged numbers are ever stored: a number that was
// admitted and lost in a crash must be accepted again.
import { WeirError } from '@weir/proto';
import { ErrorDetail } from '@weir/proto/v1/common';
import { ByteReader, ByteWriter } from './byte-cursor.ts';
import { REFUSALS_KEPT_MAX } from './limits.ts';
import type { ClientNumber } from './log-record.ts';
import { ENVELOPE_BYTES, seal, unseal } from './sealed.ts';

const SNAPSHOT_FORMAT_VERSION = 1;
const SNAPSHOT_KIND = 1;

export type Admission =
  /** Next in order: it may be logged. */
  | { readonly kind: 'accepted' }
  /**
   * Seen before: not to be applied again. `pending`: admitted but not logged yet, so acknowledge it only together
   * with the log write that is under way. `refusal`: how it was settled, if it was refused; kept for the last
   * refusals of each client, so that a client which lost the answer does not take a refused push for an applied one.
   */
  | { readonly kind: 'duplicate'; readonly pending: boolean; readonly refusal: ErrorDetail | undefined }
  /** Too high: SEQUENCE_GAP. */
  | { readonly kind: 'gap'; readonly expected: number };

interface ClientState {
  readonly id: string;
  readonly incarnation: string;
  admitted: number;
  logged: number;
  /** Number -> error, oldest first. */
  readonly refusals: Map<number, ErrorDetail>;
}

const ACCEPTED: Admission = { kind: 'accepted' };

export class ClientNumbers {
  readonly #clients = new Map<string, ClientState>();

  /** Client incarnations known. */
  get size(): number {
    return this.#clients.size;
  }

  /**
   * Decides about a push that arrives; `accepted` takes the number. Numbers count from 1. Call it after OVERLOADED
   * was ruled out, since that uses no number up: whatever is accepted must be logged, applied or refused.
   */
  admit(client: ClientNumber): Admission {
    const state = this.#state(client);
    const expected = (state?.admitted ?? 0) + 1;
    if (client.number === expected) {
      this.#stateOrNew(client).admitted = client.number;
      return ACCEPTED;
    }
    if (state === undefined || client.number > expected || client.number < 1) {
      return { kind: 'gap', expected };
    }
    const pending = client.number > state.logged;
    return { kind: 'duplicate', pending, refusal: state.refusals.get(client.number) };
  }

  /**
   * An admitted number was never written and is free again (the disk refuses). Withdraw a client's numbers from the
   * newest on: all behind a withdrawn one must go too.
   */
  withdraw(client: ClientNumber): void {
    const state = this.#state(client);
    if (state?.admitted !== client.number || client.number <= state.logged) {
      throw new Error(`number ${client.number} of client ${client.id} is not the last one admitted`);
    }
    state.admitted--;
  }

  /**
   * The number stands in the log, applied (no error) or refused for good. Called in log order; at replay too, where
   * nothing was admitted, and numbers below a restored snapshot's come again.
   */
  logged(client: ClientNumber, error?: ErrorDetail): void {
    const state = this.#stateOrNew(client);
    if (client.number <= state.logged) return;
    state.logged = client.number;
    state.admitted = Math.max(state.admitted, client.number);
    if (error === undefined) return;
    state.refusals.set(client.number, error);
    if (state.refusals.size > REFUSALS_KEPT_MAX) {
      const [oldest] = state.refusals.keys();
      state.refusals.delete(oldest!);
    }
  }

  /** Last number logged; 0 for none. */
  last(client: Pick<ClientNumber, 'id' | 'incarnation'>): number {
    return this.#state(client)?.logged ?? 0;
  }

  /** Every client without a push under way, with its last number logged. */
  *settled(): Iterable<ClientNumber> {
    for (const { id, incarnation, admitted, logged } of this.#clients.values()) {
      if (admitted === logged) yield { id, incarnation, number: logged };
    }
  }

  /**
   * Forgets a client whose last number logged is still this one; its next push is then a gap. Called in log order, at
   * replay too. Returns whether it did.
   */
  forget(client: ClientNumber): boolean {
    const state = this.#state(client);
    if (state === undefined || state.logged !== client.number) return false;
    if (state.admitted === state.logged) this.#clients.delete(keyOf(client));
    // A push of it waits behind: when that is logged, all is as if the client began with it.
    else state.refusals.clear();
    return state.admitted === state.logged;
  }

  /** What is logged, as bytes; what is only admitted is left out. */
  snapshot(): Uint8Array {
    const writer = new ByteWriter(64 + this.#clients.size * 64);
    writer.f64(0); // the envelope's place
    const logged = [...this.#clients.values()].filter((state) => state.logged > 0);
    writer.u32(logged.length);
    for (const state of logged) {
      writer.text(state.id);
      writer.text(state.incarnation);
      writer.f64(state.logged);
      writer.u32(state.refusals.size);
      for (const [number, error] of state.refusals) {
        writer.f64(number);
        writer.blob(ErrorDetail.encode(error).finish());
      }
    }
    return seal(writer.finish(), SNAPSHOT_FORMAT_VERSION, SNAPSHOT_KIND);
  }

  /** @throws WeirError CORRUPT; CONFIGURATION for a newer format. */
  static restore(bytes: Uint8Array): ClientNumbers {
    const what = 'the stored numbers of clients';
    unseal(bytes, SNAPSHOT_FORMAT_VERSION, what);
    const numbers = new ClientNumbers();
    try {
      const reader = new ByteReader(bytes.subarray(ENVELOPE_BYTES));
      for (let rest = reader.u32(); rest > 0; rest--) {
        const state = numbers.#stateOrNew({ id: reader.text(), incarnation: reader.text() });
        state.logged = reader.f64();
        state.admitted = state.logged;
        for (let refusals = reader.u32(); refusals > 0; refusals--) {
          state.refusals.set(reader.f64(), ErrorDetail.decode(reader.blob()));
        }
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new WeirError('CORRUPT', `${what}: ${reason}`, { cause: error });
    }
    return numbers;
  }

  #state(client: Pick<ClientNumber, 'id' | 'incarnation'>): ClientState | undefined {
    return this.#clients.get(keyOf(client));
  }

  #stateOrNew({ id, incarnation }: Pick<ClientNumber, 'id' | 'incarnation'>): ClientState {
    const key = keyOf({ id, incarnation });
    let state = this.#clients.get(key);
    if (state === undefined) {
      state = { id, incarnation, admitted: 0, logged: 0, refusals: new Map() };
      this.#clients.set(key, state);
    }
    return state;
  }
}

function keyOf({ id, incarnation }: Pick<ClientNumber, 'id' | 'incarnation'>): string {
  return `${id.length}:${id}${incarnation}`;
}
