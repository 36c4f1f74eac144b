// The one way to instruments. Names have dots and units (`ps.push.rows`, unit `{row}`; durations in seconds, unit `s`);
// attributes come from closed sets only, never keys or user ids.
import { type Meter, metrics } from '@opentelemetry/api';

/** Call it once the process has started (inside `start`): instruments made earlier count nothing. */
export function meter(name: string): Meter {
  return metrics.getMeter(name);
}
