// `npm run chart`: writes what of charts/weir is made from other files.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { generatedChartFiles } from './generated.ts';

const ROOT = new URL('../..', import.meta.url);

rmSync(new URL('charts/weir/files', ROOT), { recursive: true, force: true });
mkdirSync(new URL('charts/weir/files/dashboards', ROOT), { recursive: true });
for (const [path, content] of generatedChartFiles()) writeFileSync(new URL(path, ROOT), content);
