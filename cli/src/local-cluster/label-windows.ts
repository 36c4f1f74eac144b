// When the samples of a request first become known: at the end of its labels' shortest attribution window.
import type { Schema } from '@weir/model';
import { defaultWindow } from '@weir/stitcher';

/**
 * @param schema absent: the labels' default windows
 * @param attributionMs windows that stand before both
 */
export function firstWindowMs(
  labels: readonly string[],
  schema: Schema | undefined,
  attributionMs: Readonly<Record<string, number>>,
): number {
  const windows = labels.map((label) => {
    const named = schema?.labels.find(({ name }) => name === label);
    return attributionMs[label] ?? (named ?? defaultWindow(label)).attributionMs;
  });
  return Math.min(...windows);
}
