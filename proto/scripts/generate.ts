// Generates proto/src/gen from proto/weir with buf: TypeScript, and a descriptor set for gRPC reflection.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('..', import.meta.url));
const run = (args: string[]): void => {
  execFileSync('buf', args, { cwd: folder, stdio: 'inherit' });
};

rmSync(`${folder}/src/gen`, { recursive: true, force: true });
mkdirSync(`${folder}/src/gen`, { recursive: true });
run(['generate']);
run(['build', '-o', 'src/gen/descriptor-set.binpb']);
