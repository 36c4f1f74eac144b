// Names that clients choose: they stand in messages, logs and keys.
import { GROUP_NAME_BYTES_MAX, WeirError } from '@weir/proto';

/** @param what in the message: `a group`. @throws WeirError INVALID_ARGUMENT. */
export function requireName(name: string, what: string): void {
  if (name !== '' && Buffer.byteLength(name) <= GROUP_NAME_BYTES_MAX && !/\p{Cc}/u.test(name)) return;
  throw new WeirError(
    'INVALID_ARGUMENT',
    `the name of ${what} has 1 to ${GROUP_NAME_BYTES_MAX} bytes and no control characters`,
  );
}
