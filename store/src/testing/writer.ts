// A process for the kill test: writes numbered pairs for ever and prints each number once it is written.
import { openRocksStore } from '../index.ts';

const [, , folder = '', first = '0'] = process.argv;
const store = await openRocksStore(folder, { families: ['rows', 'log'], blobs: ['rows'] });
const value = new Uint8Array(2_000).fill(1);

for (let number = Number(first); ; number++) {
  const key = new TextEncoder().encode(`key ${String(number).padStart(6, '0')}`);
  await store.write(store.batch().put('rows', key, value).put('log', key, value));
  process.stdout.write(`${number}\n`);
}
