// Which kernel this process uses: the WebAssembly one, read once from the files that `npm run prepare` made; the plain
// TypeScript one only where WebAssembly lacks SIMD, threads or several memories. Both write the same pages and compute the same bits.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WeirError } from '@weir/proto';
import type { TableSpec } from '@weir/proto/v1/tables';
import { createTypeScriptTable } from '../kernel/create-row-table.ts';
import type { RowTable } from '../kernel/row-table.ts';
import { createWasmTables } from './create-wasm-tables.ts';
import type { KernelModules } from './stripe-instance.ts';

const FOLDER = new URL('./gen/', import.meta.url);

let chosen: ((spec: TableSpec) => RowTable) | undefined;

/** An empty table. @throws WeirError CONFIGURATION when the kernel was not built. */
export function createRowTable(spec: TableSpec): RowTable {
  chosen ??= choose();
  return chosen(spec);
}

/** @throws WeirError CONFIGURATION when the kernel was not built. */
export function loadKernel(): KernelModules | undefined {
  const kernel = compiled('row-kernel.wasm');
  const copies = compiled('row-copies.wasm');
  return kernel === undefined || copies === undefined ? undefined : { kernel, copies };
}

function choose(): (spec: TableSpec) => RowTable {
  const modules = loadKernel();
  return modules === undefined ? createTypeScriptTable : createWasmTables(modules);
}

function compiled(name: string): WebAssembly.Module | undefined {
  const file = fileURLToPath(new URL(name, FOLDER));
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new WeirError('CONFIGURATION', `${file} cannot be read; \`npm run prepare\` makes it`, { cause });
  }
  return WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : undefined;
}
