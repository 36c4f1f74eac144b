// Runs one of the services that these tests need: `node run-service.ts NAME FLAGS`.
import { runService } from '@weir/runtime';

const [name, ...argv] = process.argv.slice(2);
switch (name) {
  case 'streams':
    await runService((await import('@weir/streams')).streamsService, { argv });
    break;
  case 'collector':
    await runService((await import('../index.ts')).collectorService, { argv });
    break;
  case 'stitcher':
    await runService((await import('../index.ts')).stitcherService, { argv });
    break;
  default:
    throw new Error(`no service '${name}' here`);
}
