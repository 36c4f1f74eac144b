// Warns, once each time, of tables whose memory is nearly used up: new keys will be refused.
import type { Runtime } from '@weir/runtime';
import { FULLNESS_INTERVAL_MS, FULLNESS_WARNING } from '../../limits.ts';
import type { Tables } from './tables.ts';

/** @returns what ends it. */
export function watchFullness(tables: Tables, logger: Runtime['log']): () => void {
  let warned = new Set<string>();
  const timer = setInterval(() => {
    const full = fullTables(tables);
    for (const [table, fullness] of full) {
      if (warned.has(table)) continue;
      const percent = Math.round(100 * fullness);
      logger.warn({ table, percent }, 'the memory of a table is nearly used up; new keys will be refused');
    }
    warned = new Set(full.keys());
  }, FULLNESS_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Name -> share of its memory in use, of tables above the warning's level. */
export function fullTables(tables: Tables): Map<string, number> {
  const full = new Map<string, number>();
  for (const { spec, rows } of tables.list()) {
    if (rows.fullness >= FULLNESS_WARNING) full.set(spec.name, rows.fullness);
  }
  return full;
}
