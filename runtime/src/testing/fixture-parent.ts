// A parent process for tests: starts the service named on its command line and passes its ready line on.
import { spawnService } from '../process/spawn-service.ts';

const { name, listen, admin } = await spawnService({ command: process.argv.slice(2), name: 'fixture' });
process.stdout.write(`${JSON.stringify({ service: name, id: '', listen, admin, ready_ms: 1 })}\n`);
