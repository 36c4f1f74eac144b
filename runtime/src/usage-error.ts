// Wrong usage: the process was called in a way it cannot follow. Ends it with exit code 2, before anything started.
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
