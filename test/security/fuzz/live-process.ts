// The live view's server in a process of its own, with a document to find.
import { startLiveServer } from '../../../quickstart/src/live/live-server.ts';

const server = await startLiveServer({
  listen: '127.0.0.1:0',
  title: 'fuzzed',
  suggest: (prefix) => ('doc-1'.startsWith(prefix) ? [{ id: 'doc-1' } as never] : []),
  document: async (id) => (id === 'doc-1' ? ({ id } as never) : undefined),
});
const { host } = new URL(server.url);
const ready = { service: 'live', id: '', listen: '', admin: host, ready_ms: 1 };
process.stdout.write(`${JSON.stringify(ready)}\n`);
process.stdin.resume().on('end', () => process.exit(0));
