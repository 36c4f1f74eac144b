// When the samples of a request first become known: at the end of its labels' shortest attribution window.
import type { Schema } from '@weir/model';
import { defaultWindow } from '@weir/stitcher';

/** @param schema absent: the labels' default windows */
export function firstWindowMs(labels: readonly string[], schema: Schema | undefined): number {
  const windows = labels.map((label) => {
    const named = schema?.labels.find(({ name }) => name === label);
    return (named ?? defaultWindow(label)).attributionMs;
  });
  return Math.min(...windows);
}
