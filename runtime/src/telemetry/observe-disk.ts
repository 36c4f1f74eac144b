// Space of the disk under a service's data folder. A process has one data folder, so the figures need no attribute.
import { statfs } from 'node:fs/promises';
import { meter } from './meter.ts';

/** Call it inside `start`, once the folder is there. */
export function observeDisk(folder: string): void {
  const instruments = meter('weir.runtime');
  const free = instruments.createObservableGauge('weir.disk.free', {
    unit: 'By',
    description: 'Free for this process on the disk of its data folder',
  });
  const size = instruments.createObservableGauge('weir.disk.size', {
    unit: 'By',
    description: 'Size of the disk of its data folder',
  });
  instruments.addBatchObservableCallback(
    async (result) => {
      const { bavail, blocks, bsize } = await statfs(folder);
      result.observe(free, bavail * bsize);
      result.observe(size, blocks * bsize);
    },
    [free, size],
  );
}
