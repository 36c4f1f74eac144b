// Long work as steps: it may be interrupted where it yields, and nobody must see what it has done so far.
export type Steps<T> = Generator<void, T, void>;

/** Values (keys count as two) that a step looks at, copies or updates: a hundred microseconds or so. */
export const STEP_VALUES = 16 * 1024;

/** All steps at once. */
export function runThrough<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
