// What RocksDB and its loading report, as StoreErrors. The engine gives an errno name and a text; only the text
// tells a corruption from a failed system call (both are EIO), so this is the one place that looks into it.
import { StoreError } from './store-error.ts';

/** An error of the engine. `doing` is what was tried, as in "open /data/streams". */
export function rocksError(doing: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const native = nativeError(error);
  const text = native.message;
  const message = (advice: string): string => `cannot ${doing}: ${advice} (RocksDB: ${text})`;
  if (isLocked(text)) {
    return new StoreError('LOCKED', message('another process has the folder open; stop it first'), error);
  }
  // A failed system call reads "While <doing>: <file>: <reason>"; what else is EIO failed a check of the content.
  if (native.code === 'EIO' && !text.startsWith('While ') && !text.startsWith('Writer has previous error')) {
    return new StoreError(
      'CORRUPT',
      message('stored data is damaged; restore the folder from a copy'),
      error,
    );
  }
  if (text.startsWith('While ') && text.endsWith('No such file or directory')) {
    return new StoreError('CORRUPT', message('a file is missing; restore the folder from a copy'), error);
  }
  if (native.code === 'ENOSPC') {
    return new StoreError('FAILED', message('no space is left on the volume'), error);
  }
  return new StoreError('FAILED', message('the engine refused'), error);
}

/** Such an error the engine gets over by itself, once there is space. */
export function isOutOfSpace(error: unknown): boolean {
  return nativeError(error).code === 'ENOSPC';
}

/** An error while the engine's library was loaded; the reason stands at the end of its causes. */
export function loadError(error: unknown): StoreError {
  let reason = error;
  while (reason instanceof Error && reason.cause instanceof Error) reason = reason.cause;
  const text = reason instanceof Error ? reason.message : String(reason);
  return new StoreError(
    'LIBRARY_MISSING',
    text.includes('libatomic')
      ? `RocksDB needs the shared library libatomic.so.1; install it (Debian, Ubuntu: apt-get install libatomic1; Fedora: dnf install libatomic) (${text})`
      : `RocksDB's library cannot be loaded on this machine (${text})`,
    error,
  );
}

function isLocked(text: string): boolean {
  return text.startsWith('lock hold by current process') || text.startsWith('While lock file');
}

/** A failed batch wraps the engine's error as its cause. */
function nativeError(error: unknown): { code: string; message: string } {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(inner instanceof Error)) return { code: '', message: String(inner) };
  return {
    code: 'code' in inner && typeof inner.code === 'string' ? inner.code : '',
    message: inner.message,
  };
}
