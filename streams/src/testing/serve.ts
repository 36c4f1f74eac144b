// The streams service as a process of its own, for tests.
import { runService } from '@weir/runtime';
import { streamsService } from '../index.ts';

await runService(streamsService, { argv: process.argv.slice(2) });
