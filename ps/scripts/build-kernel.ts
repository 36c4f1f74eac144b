// Compiles ps/kernel to ps/src/kernel-wasm/gen: the kernel, which is AssemblyScript, and its copies between memories, which
// are WebAssembly's own text.
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

execFileSync(
  'wasm-as',
  [
    'kernel/row-copies.wat',
    '--output',
    'src/kernel-wasm/gen/row-copies.wasm',
    '--enable-simd',
    '--enable-threads',
    '--enable-multimemory',
  ],
  { cwd: folder, stdio: 'inherit' },
);
