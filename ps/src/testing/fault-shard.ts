// `weir ps` with faults: the same service, over a store that does what the plan in the environment says. POST /crash
// on its admin port sets the moment of its end later on, POST /clock shifts its wall clock.
import { runService } from '@weir/runtime';
import { openFolder } from '../server/folder/open-folder.ts';
import { psServiceOf } from '../server/ps-service.ts';
import { openShard } from '../server/shard.ts';
import { applyDuplicates, storeOffsetsLater } from './bugs.ts';
import { CrashPoint } from './crash-point.ts';
import { type Crash, FAULT_PLAN, type FaultPlan } from './fault-plan.ts';
import { faultingStore } from './faulting-store.ts';
import { shiftableClock } from './shiftable-clock.ts';
import { keepSyncJournal } from './sync-journal.ts';

const { crash, bug, clockOffsetMs, syncJournal } = JSON.parse(process.env[FAULT_PLAN] ?? '{}') as FaultPlan;
if (syncJournal !== undefined) {
  await keepSyncJournal(syncJournal, bug === 'refer to pages before they are synced' ? ['.blob'] : []);
}
const setClock = shiftableClock();
setClock(clockOffsetMs ?? 0);
const crashPoint = new CrashPoint();
crashPoint.set(crash);

const service = psServiceOf({
  openFolder: async (folder) => faultingStore(await openFolder(folder), crashPoint, bug),
  openShard: async (options) => {
    const shard = await openShard(options);
    if (bug === 'apply a duplicate') applyDuplicates(shard.numbers);
    if (bug === 'store offsets after the push') storeOffsetsLater(shard.log);
    return shard;
  },
});

const watched: typeof service = {
  ...service,
  start(config, runtime) {
    runtime.admin.post('/crash', (body) => crashPoint.set(body as Crash));
    runtime.admin.post('/clock', (body) => setClock((body as { offsetMs: number }).offsetMs));
    return service.start(config, runtime);
  },
};

await runService(watched, { argv: process.argv.slice(2) });
