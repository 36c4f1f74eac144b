// Which kernel this process uses: the WebAssembly one, read once from the file that `npm run prepare` made; the plain
// TypeScript one only where WebAssembly lacks SIMD or threads. Both write the same pages and compute the same bits.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WeirError } from '@weir/proto';
import type { TableSpec } from '@weir/proto/v1/tables';
import { createTypeScriptTable } from '../kernel/create-row-table.ts';
import type { RowTable } from '../kernel/row-table.ts';
import { createWasmTables } from './create-wasm-tables.ts';

const FILE = fileURLToPath(new URL('./gen/row-kernel.wasm', import.meta.url));

let chosen: ((spec: TableSpec) => RowTable) | undefined;

/** An empty table. @throws WeirError CONFIGURATION when the kernel was not built. */
export function createRowTable(spec: TableSpec): RowTable {
  chosen ??= choose();
  return chosen(spec);
}

/** @throws WeirError CONFIGURATION when the kernel was not built. */
export function loadKernel(): WebAssembly.Module | undefined {
  const bytes = kernelBytes();
  return WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : undefined;
}

function choose(): (spec: TableSpec) => RowTable {
  const module = loadKernel();
  return module === undefined ? createTypeScriptTable : createWasmTables(module);
}

function kernelBytes(): Uint8Array {
  try {
    return readFileSync(FILE);
  } catch (cause) {
    throw new WeirError('CONFIGURATION', `${FILE} cannot be read; \`npm run prepare\` makes it`, { cause });
  }
}
