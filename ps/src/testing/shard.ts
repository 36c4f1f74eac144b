// A shard as a process of its own, for startCluster; what `weir ps` does.
import { runService } from '@weir/runtime';
import { psService } from '../index.ts';

await runService(psService, { argv: process.argv.slice(2) });
