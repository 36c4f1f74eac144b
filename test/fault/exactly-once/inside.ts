// Loaded into the services under test before their own code: what looks into them, kills and stops them at the worst moment, and puts
// defects into them. At the surface of the client library, or of one class, so that no service has options for it.
import { type Bug, putIn } from './bugs.ts';
import { takeNotes } from './notes.ts';
import { heedSignals } from './worst-moment.ts';

/** Environment variable with an InsidePlan as JSON. */
export const INSIDE_PLAN = 'WEIR_TEST_INSIDE';

export interface InsidePlan {
  /** Where notes are written, a file for each process, and words, a file for each. */
  readonly folder: string;
  readonly bug: Bug | undefined;
}

const service = process.argv[2];
const text = process.env[INSIDE_PLAN];
if (text !== undefined && service !== undefined) {
  const { folder, bug } = JSON.parse(text) as InsidePlan;
  if (bug !== undefined) await putIn(bug, service, folder);
  await takeNotes(service, folder);
  await heedSignals(service, folder);
}
