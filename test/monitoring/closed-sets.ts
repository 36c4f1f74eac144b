// What an attribute may be. Of sets that the code closes, the very lists of the code; of those that whoever runs Weir closes,
// what the world of the suite has. Keys, users, documents and serving ids are in none.
import { ERROR_CODES } from '@weir/proto';
import { FRESHNESS_STAGES } from '@weir/runtime';
import { DROP_REASONS } from '../../predictor/src/feature-log.ts';
import { CANARY_OUTCOMES } from '../../quickstart/src/canary/attempt.ts';
import { REFUSAL_REASONS, RELOAD_OUTCOMES } from '../../runtime/src/access/access.ts';
import { MALFORMED_REASONS } from '../../runtime/src/grpc/refuse-malformed.ts';
import {
  IGNORED_REASONS,
  LATE_REASONS,
  ORPHAN_REASONS,
  REJECTED_REASONS,
} from '../../stitcher/src/core/reasons.ts';
import { REFUSALS } from '../../trainer/src/core/sample-request.ts';
import { CLOSE_REASONS } from '../../trainer/src/core/window.ts';

const codes = Object.keys(ERROR_CODES);
const listed = (...values: readonly string[]) => new RegExp(`^(${values.join('|')})$`);

export const CLOSED_SETS: Readonly<Record<string, RegExp>> = {
  code: listed(...codes),
  error_type: listed(...codes),
  reason: listed(
    ...[...REJECTED_REASONS, ...LATE_REASONS, ...ORPHAN_REASONS, ...IGNORED_REASONS],
    ...[...MALFORMED_REASONS, ...REFUSALS, ...CLOSE_REASONS, ...DROP_REASONS, ...REFUSAL_REASONS, ...codes],
  ),
  stage: listed(...FRESHNESS_STAGES),
  outcome: listed(...CANARY_OUTCOMES, ...RELOAD_OUTCOMES),
  view: listed('progressive', 'served'),
  // Pieces of work on the event loop, sides of streams, sorts of fall-backs.
  kind: listed(
    ...['push', 'pull', 'barrier', 'subscriber', 'round', 'expiry', 'recovery', 'last-changes'],
    ...['pulled', 'prior'],
  ),
  long: listed('true', 'false'),
  direction: listed('in', 'out'),
  call: listed('look-up', 'join', 'catch-up', 'pull', 'push', 'commit of offsets'),
  cpu_mode: listed('user', 'system'),
  v8js_gc_type: listed('minor', 'major', 'incremental', 'weakcb', 'other'),
  le: /^([0-9.e+-]+|\+Inf)$/,
  label: listed('click'),
  partition: /^[0-9]$/,
  table: listed('run-1/lr-calibrated', 'run-1/weir-canary'),
  group: listed('trainer\\.run-1', 'stitcher'),
  layer: listed('model'),
  arm: listed('frozen', 'online'),
};
