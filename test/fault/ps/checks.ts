// Faults that are no kill: each is one check of the suite.
import { clientsThatStop, garbage } from './bad-clients.ts';
import { bitFlips } from './bit-flips.ts';
import { jumpingClock } from './clocks.ts';
import { failingDisk, fullDisk, readOnlyFolder } from './disks.ts';
import { sourceRounds } from './source-rounds.ts';

export interface Check {
  readonly name: string;
  /** @returns what was seen, in a few words. @throws when something acknowledged is lost or the shard misbehaves. */
  run(dir: string, seed: number): Promise<string>;
}

const FLIPS_OF_EACH_KIND = 5;

export const CHECKS: readonly Check[] = [
  {
    name: 'a flipped bit in log, table, blob file, manifest or CURRENT',
    run: async (dir, seed) => {
      const { flips, refused } = await bitFlips(dir, seed, FLIPS_OF_EACH_KIND);
      return `${flips} flips, ${refused} named at open, all rows there after the others`;
    },
  },
  {
    name: 'trainers of a source, killed, asleep and fenced, and a shard that is killed',
    run: (dir, seed) => sourceRounds(dir, seed, 'process'),
  },
  {
    name: 'the same with power cuts at durability machine',
    run: (dir, seed) => sourceRounds(dir, seed, 'machine'),
  },
  { name: 'clients that send garbage', run: garbage },
  { name: 'clients that do not read, and pushes that never end', run: clientsThatStop },
  { name: 'a clock that jumps', run: jumpingClock },
  { name: 'a full disk', run: fullDisk },
  { name: 'a disk that fails every write', run: failingDisk },
  { name: 'a read-only folder', run: readOnlyFolder },
];
