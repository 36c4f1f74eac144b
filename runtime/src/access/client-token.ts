// The token that a process shows to others: from a file, which is looked at again now and then, or as it was given.
import { readFileSync } from 'node:fs';
import { requireToken, type TokenSource, WeirError } from '@weir/proto';
import { FILE_POLL_MS } from '../limits.ts';
import { UsageError } from '../usage-error.ts';
import type { ClientTokenSettings } from './settings.ts';

/** Undefined: none. @throws UsageError where there are two; WeirError CONFIGURATION where it cannot be used. */
export function clientToken({ token, tokenFile }: ClientTokenSettings): TokenSource | undefined {
  if (token !== undefined && tokenFile !== undefined) {
    throw new UsageError(
      'there are a token and a file with one (--token-file): only one of them can be shown',
    );
  }
  if (tokenFile === undefined) return token === undefined ? undefined : usable(token, 'WEIR_TOKEN');
  let current = usable(readToken(tokenFile), `--token-file ${tokenFile}`);
  let readMs = performance.now();
  return () => {
    if (performance.now() - readMs < FILE_POLL_MS) return current;
    readMs = performance.now();
    try {
      current = requireToken(readToken(tokenFile));
    } catch {
      // It is being replaced: the former one serves until the next look.
    }
    return current;
  };
}

/** Without the line's end that editors add. */
function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WeirError('CONFIGURATION', `--token-file ${file} cannot be read: ${why}`, { cause });
  }
}

function usable(token: string, origin: string): string {
  try {
    return requireToken(token);
  } catch (error) {
    throw new WeirError('CONFIGURATION', `${origin}: ${WeirError.from(error).message}`);
  }
}
