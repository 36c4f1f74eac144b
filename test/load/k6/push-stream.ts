// Pushes by the protocol that the client library uses. An iteration is a session of some batches.
import { batchesOf } from './batches.ts';
import { optionsOf } from './measures.ts';
import { pushSession } from './push-stream-session.ts';
import { SCRIPTS } from './scripts.ts';

export const options = optionsOf('push-stream');
const batches = batchesOf({ withGradients: true });

export default function (): Promise<void> {
  return pushSession(batches, SCRIPTS['push-stream'].batches);
}
