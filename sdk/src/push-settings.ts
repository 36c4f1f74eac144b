// How pushes go to each shard: what `connect` takes, checked.
import { WeirError } from '@weir/proto';
import {
  BATCH_ROWS_DEFAULT,
  IN_FLIGHT_BYTES_LARGEST,
  LINGER_MS_LARGEST,
  PUSH_BYTES_IN_FLIGHT_DEFAULT,
} from './limits.ts';

/** How pushes travel; options of `connect`. */
export interface PushSettings {
  /**
   * Pushes that wait for the same shard go there as one, whole, until this many rows (or one message's bytes) are
   * together; such a record is applied whole or not at all. A larger push goes alone. 1: nothing is merged. Default 2,048.
   */
  readonly batchRows: number;
  /**
   * How long a push of fewer than `batchRows` rows may wait for others to join it, in ms. Default 0: only what waits
   * anyway, because the stream is busy or too much is in flight, is merged.
   */
  readonly lingerMs: number;
  /**
   * Bytes of pushes under way to one shard and not settled; beyond it a push waits in its caller's await. A push that
   * is larger by itself goes alone. Default 16 MiB.
   */
  readonly inFlightBytesMax: number;
}

/** As options: each has a default. */
export type PushSettingsGiven = { readonly [name in keyof PushSettings]?: number | undefined };

/** @throws WeirError INVALID_ARGUMENT naming the option and its range. */
export function pushSettings(given: PushSettingsGiven): PushSettings {
  const {
    batchRows = BATCH_ROWS_DEFAULT,
    lingerMs = 0,
    inFlightBytesMax = PUSH_BYTES_IN_FLIGHT_DEFAULT,
  } = given;
  requireWithin('batchRows', batchRows, 1, 2 ** 31 - 1);
  requireWithin('inFlightBytesMax', inFlightBytesMax, 1, IN_FLIGHT_BYTES_LARGEST);
  if (!(lingerMs >= 0 && lingerMs <= LINGER_MS_LARGEST)) {
    throw refusal('lingerMs', lingerMs, `0 to ${LINGER_MS_LARGEST}`);
  }
  return { batchRows, lingerMs, inFlightBytesMax };
}

function requireWithin(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw refusal(name, value, `a whole number from ${min} to ${max}`);
  }
}

function refusal(name: string, value: number, range: string): WeirError {
  return new WeirError('INVALID_ARGUMENT', `connect: ${name} must be ${range}, not ${value}`);
}
