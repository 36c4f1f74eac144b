// Leaves out a share of a label's negatives, which are most of all samples. Which ones follows from a hash of
// the sample's id, so that a replay keeps the same; the one correction is the weight 1 / ratio of those kept.
import { WeirError, xxHash64 } from '@weir/proto';

/** Per label of the model the probability with which its negatives are kept, above 0, at most 1. */
export type SampleRatios = readonly number[];

const PAIR = /^([^=]+)=([0-9.eE+-]+)$/;

/**
 * @param text `click=0.1,cart=0.5`; a label that is not named keeps everything
 * @throws WeirError CONFIGURATION naming the part that is wrong
 */
export function parseSampleRatios(text: string, labels: readonly string[]): SampleRatios {
  const ratios = labels.map(() => 1);
  for (const part of text.split(',').filter((one) => one.trim() !== '')) {
    const [, label, value] = PAIR.exec(part.trim()) ?? [];
    const ratio = Number(value);
    if (label === undefined || !(ratio > 0 && ratio <= 1)) {
      throw new WeirError(
        'CONFIGURATION',
        `sample ratio "${part}": it is LABEL=RATIO, above 0 and at most 1`,
      );
    }
    const index = labels.indexOf(label);
    if (index < 0)
      throw new WeirError('CONFIGURATION', `sample ratio "${part}": labels are ${labels.join(', ')}`);
    ratios[index] = ratio;
  }
  return ratios;
}

/** A uniform number in [0, 1) that belongs to the sample. */
export function sampleDraw(servingId: string, docId: string): number {
  return Number(xxHash64(`${servingId}/${docId}`) >> 11n) / 2 ** 53;
}

/** What one sample counts for a label: 0 where left out. */
export function ratioWeight(ratio: number, target: number, draw: number): number {
  if (ratio === 1 || target > 0) return 1;
  return draw < ratio ? 1 / ratio : 0;
}
