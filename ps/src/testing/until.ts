// Tests wait for what they expect turn by turn of the event loop, and the test's own timeout ends a wait in vain.
import { setImmediate } from 'node:timers/promises';

export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setImmediate();
}
