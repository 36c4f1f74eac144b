// A data set that is not there is said before nine processes start.
import { access } from 'node:fs/promises';
import { WeirError } from '@weir/proto';

/**
 * @param name how the message names it
 * @throws WeirError CONFIGURATION
 */
export async function checkInput(name: string, path: string): Promise<void> {
  try {
    await access(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WeirError('CONFIGURATION', `${name} cannot be read: ${why}`, { cause });
  }
}
