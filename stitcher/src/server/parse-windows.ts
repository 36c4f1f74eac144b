// Label windows from settings: defaults, then the schema file's labels, then what flags say.
import { WeirError } from '@weir/proto';
import { defaultWindow, type LabelPlan, type LabelWindow, labelPlan } from '../core/label-plan.ts';
import { LABELS_MAX } from '../core/limits.ts';

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

export interface WindowSettings {
  /** Undefined: the schema's, or `click`. */
  readonly labels: readonly string[] | undefined;
  /** Text of the schema file and its name. */
  readonly schema: { readonly text: string; readonly file: string } | undefined;
  /** `LABEL=TIME` each. */
  readonly observation: readonly string[];
  readonly attribution: readonly string[];
}

/** @throws WeirError CONFIGURATION naming the setting that is wrong. */
export function planOf(settings: WindowSettings): LabelPlan {
  const schema =
    settings.schema === undefined ? [] : schemaLabels(settings.schema.text, settings.schema.file);
  const labels = settings.labels ?? (schema.length > 0 ? schema.map(({ label }) => label) : ['click']);
  if (labels.length > LABELS_MAX) throw wrong(`${labels.length} labels are given; at most ${LABELS_MAX}`);
  const observation = windowTimes('--observation', settings.observation, labels);
  const attribution = windowTimes('--attribution', settings.attribution, labels);
  const windows = labels.map((label): LabelWindow => {
    const usual = schema.find((window) => window.label === label) ?? defaultWindow(label);
    const attributionMs = attribution.get(label) ?? usual.attributionMs;
    // A shortened attribution shortens an observation that nobody named.
    const observationMs = observation.get(label) ?? Math.min(usual.observationMs, attributionMs);
    return { label, observationMs, attributionMs };
  });
  try {
    return labelPlan(windows);
  } catch (error) {
    throw wrong((error as Error).message);
  }
}

/**
 * What a flag says of some of the labels, in ms.
 * @param items `LABEL=TIME` each
 * @throws WeirError CONFIGURATION naming the item.
 */
export function windowTimes(
  flag: string,
  items: readonly string[],
  labels: readonly string[],
): Map<string, number> {
  const windows = new Map<string, number>();
  for (const item of items) {
    const [, label = '', amount = '', unit = ''] = /^([^=]+)=(\d+)(ms|s|m|h|d)$/.exec(item) ?? [];
    if (label === '') throw wrong(`${flag} "${item}" is not LABEL=TIME, as click=20m (units ms, s, m, h, d)`);
    if (!labels.includes(label))
      throw wrong(`${flag} "${item}": ${label} is not among the labels ${labels.join(',')}`);
    windows.set(label, Number(amount) * UNITS_MS[unit]!);
  }
  return windows;
}

/** Only what the stitcher needs of a schema: predictor and trainer check all of it. */
function schemaLabels(text: string, file: string): LabelWindow[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw wrong(`${file} is not JSON: ${(error as Error).message}`);
  }
  const labels = (json as { labels?: unknown } | null)?.labels ?? [];
  if (!Array.isArray(labels)) throw wrong(`${file}: "labels" must be an array`);
  return labels.map((item: { name?: unknown; observationMs?: unknown; attributionMs?: unknown } | null) => {
    const name = item?.name;
    if (typeof name !== 'string' || name === '') throw wrong(`${file}: a label has no "name"`);
    const usual = defaultWindow(name);
    const { observationMs = usual.observationMs, attributionMs = usual.attributionMs } = item ?? {};
    if (typeof observationMs !== 'number' || typeof attributionMs !== 'number') {
      throw wrong(`${file}: the windows of label "${name}" must be numbers of milliseconds`);
    }
    return { label: name, observationMs, attributionMs };
  });
}

function wrong(message: string): WeirError {
  return new WeirError('CONFIGURATION', message);
}
