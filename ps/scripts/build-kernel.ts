// Compiles ps/kernel (AssemblyScript) to ps/src/kernel-wasm/gen/row-kernel.wasm.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('..', import.meta.url));

execFileSync(
  'asc',
  [
    'kernel/row-kernel.ts',
    '--outFile',
    'src/kernel-wasm/gen/row-kernel.wasm',
    // Optimize for speed, shrink nothing, and take the whole 4 GiB that 32-bit addresses reach.
    '-O3',
    '--converge',
    '--noAssert',
    '--enable',
    'simd',
    // Why the memory is a shared one: see src/kernel-wasm/kernel-instance.ts.
    '--enable',
    'threads',
    '--sharedMemory',
    '--maximumMemory',
    '65536',
    '--importMemory',
    // No managed objects: the kernel gives out its memory itself.
    '--runtime',
    'stub',
  ],
  { cwd: folder, stdio: 'inherit' },
);
