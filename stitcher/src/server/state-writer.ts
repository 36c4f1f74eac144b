// Where the changes of a partition's steps go: to the local folder (alone), or first to the state log (in a group).
import type { Store, WriteBatch } from '@weir/store';

/** A step on its way. */
export interface WrittenStep {
  /** The step will be there whatever happens to this process; only then may its outputs be appended. */
  readonly stands: Promise<void>;
  /** Reads of the local store see it. */
  readonly stored: Promise<void>;
}

/** One step at a time: `begin` follows `stored` of the step before. */
export interface StateWriter {
  begin(): Promise<WriteBatch>;
  /** @param batch from `begin` */
  write(batch: WriteBatch): WrittenStep;
}

/** The folder is the state. */
export function localWriter(store: Store): StateWriter {
  return {
    begin: async () => store.batch(),
    write: (batch) => {
      const stored = store.write(batch);
      return { stands: stored, stored };
    },
  };
}
