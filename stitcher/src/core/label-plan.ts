// Which labels are stitched and how long each may still come. From it follow the due times of a request:
// labels with the same attribution window become known together, in one sample record.

export interface LabelWindow {
  readonly label: string;
  /** A positive within it counts as immediate, after it as delayed. */
  readonly observationMs: number;
  /** After the exposure; an event at exactly this age still counts. */
  readonly attributionMs: number;
}

export interface DueGroup {
  readonly windowMs: number;
  /** Indexes into the plan's labels. */
  readonly labels: readonly number[];
}

export interface LabelPlan {
  readonly labels: readonly LabelWindow[];
  /** Shortest window first. */
  readonly groups: readonly DueGroup[];
  readonly windowMaxMs: number;
  /**
   * How long after its exposure a request is remembered. It is closed after `windowMaxMs`; for as long again its
   * id is kept, so that what comes then is called late, with its age, and not an orphan.
   */
  readonly retentionMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const DEFAULTS: Readonly<Record<string, readonly [observationMs: number, attributionMs: number]>> = {
  click: [10 * MINUTE_MS, 20 * MINUTE_MS],
  cart: [30 * MINUTE_MS, 2 * HOUR_MS],
  purchase: [30 * MINUTE_MS, 24 * HOUR_MS],
};

/** The windows of a label that nobody configured; unknown labels are like clicks. */
export function defaultWindow(label: string): LabelWindow {
  const [observationMs, attributionMs] =
    (Object.hasOwn(DEFAULTS, label) && DEFAULTS[label]) || DEFAULTS.click!;
  return { label, observationMs, attributionMs };
}

/**
 * Precondition: labels are distinct and not empty, windows are whole, 0 <= observation <= attribution.
 * @throws RangeError naming the label that breaks it.
 */
export function labelPlan(labels: readonly LabelWindow[]): LabelPlan {
  if (labels.length === 0) throw new RangeError('no label is given; name at least one');
  const groups = new Map<number, number[]>();
  const names = new Set<string>();
  for (const [index, { label, observationMs, attributionMs }] of labels.entries()) {
    if (label === '' || names.has(label)) throw new RangeError(`label '${label}' is empty or given twice`);
    names.add(label);
    if (!Number.isSafeInteger(observationMs) || observationMs < 0) {
      throw new RangeError(
        `label '${label}': observation window ${observationMs} ms is not a whole number >= 0`,
      );
    }
    if (!Number.isSafeInteger(attributionMs) || attributionMs < observationMs) {
      throw new RangeError(
        `label '${label}': attribution window ${attributionMs} ms is shorter than its observation window ${observationMs} ms`,
      );
    }
    const group = groups.get(attributionMs);
    if (group === undefined) groups.set(attributionMs, [index]);
    else group.push(index);
  }
  const sorted = [...groups].sort(([a], [b]) => a - b);
  const windowMaxMs = sorted.at(-1)![0];
  return {
    labels: [...labels],
    groups: sorted.map(([windowMs, indexes]) => ({ windowMs, labels: indexes })),
    windowMaxMs,
    retentionMs: 2 * windowMaxMs,
  };
}
