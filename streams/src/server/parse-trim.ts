// `--trim STREAM=GROUP,...`: which streams are trimmed, and behind whom.
import { WeirError } from '@weir/proto';
import { checkName } from '../core/checks.ts';

/** By stream, its consumers. @throws WeirError CONFIGURATION naming what is not STREAM=GROUP. */
export function parseTrim(texts: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const streams = new Map<string, string[]>();
  for (const text of texts) {
    const [stream = '', group = '', ...rest] = text.split('=');
    try {
      if (rest.length > 0) throw new Error('it has more than one "="');
      checkName('stream', stream);
      checkName('group', group);
    } catch (cause) {
      throw new WeirError(
        'CONFIGURATION',
        `--trim: "${text}" is not STREAM=GROUP: ${(cause as Error).message}`,
        {
          cause,
        },
      );
    }
    streams.set(stream, [...(streams.get(stream) ?? []), group]);
  }
  return streams;
}
