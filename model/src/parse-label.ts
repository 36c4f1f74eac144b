// A label of schema.json: its name and windows.
import { fieldsOf, nameOf, wrong } from './json-fields.ts';
import type { Label } from './schema.ts';

const MINUTE_MS = 60_000;
/** Windows of the labels that most sites have; any other label states its own. */
const USUAL_WINDOWS: Readonly<Record<string, Omit<Label, 'name'>>> = {
  click: { observationMs: 10 * MINUTE_MS, attributionMs: 20 * MINUTE_MS },
  cart: { observationMs: 30 * MINUTE_MS, attributionMs: 120 * MINUTE_MS },
  purchase: { observationMs: 30 * MINUTE_MS, attributionMs: 1440 * MINUTE_MS },
};

export function parseLabel(json: unknown): Label {
  const name = nameOf(json, 'label');
  const what = `label "${name}"`;
  const fields = {
    ...USUAL_WINDOWS[name],
    ...fieldsOf(json, what, ['name', 'observationMs', 'attributionMs']),
  };
  const window = (key: 'observationMs' | 'attributionMs') => {
    const value = fields[key];
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
    throw wrong(`${what} needs "${key}", a positive whole number of milliseconds`);
  };
  const label = { name, observationMs: window('observationMs'), attributionMs: window('attributionMs') };
  if (label.observationMs > label.attributionMs) throw wrong(`${what} observes longer than it attributes`);
  return label;
}
