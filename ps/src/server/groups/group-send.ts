// Sends messages as fast as the caller reads them; a caller that does not read for a while is given up.
import type { EventEmitter } from 'node:events';
import { WeirError } from '@weir/proto';

interface Sink extends EventEmitter {
  readonly cancelled: boolean;
  write(message: Uint8Array): boolean;
}

/** @throws WeirError CANCELLED when the caller is gone, UNAVAILABLE when it does not read. */
export async function sendFrames(
  call: Sink,
  frames: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  patienceMs: number,
): Promise<void> {
  for await (const frame of frames) {
    if (call.cancelled) throw new WeirError('CANCELLED', 'the caller is gone');
    if (!call.write(frame)) await drained(call, patienceMs);
  }
}

function drained(call: Sink, patienceMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: WeirError): void => {
      clearTimeout(timer);
      call.off('drain', onDrain);
      call.off('cancelled', onCancelled);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onDrain = (): void => end();
    const onCancelled = (): void => end(new WeirError('CANCELLED', 'the caller is gone'));
    const timer = setTimeout(
      () => end(new WeirError('UNAVAILABLE', `the result was not read for ${patienceMs} ms`)),
      patienceMs,
    );
    call.on('drain', onDrain);
    call.on('cancelled', onCancelled);
  });
}
