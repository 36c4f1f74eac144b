// Both kernels, for tests that hold for each.
import type { TableSpec } from '@weir/proto/v1/tables';
import { createTypeScriptTable } from '../kernel/create-row-table.ts';
import type { RowTable } from '../kernel/row-table.ts';
import { createWasmTables } from './create-wasm-tables.ts';
import { loadKernel } from './load-kernel.ts';
import type { KernelModules } from './stripe-instance.ts';

export type CreateRowTable = (spec: TableSpec) => RowTable;

/** The compiled WebAssembly kernel. @throws Error where it cannot run: there, these tests would test nothing. */
export function requireKernel(): KernelModules {
  const modules = loadKernel();
  if (modules === undefined) throw new Error('WebAssembly lacks what the kernel needs');
  return modules;
}

export const createWasmTable: CreateRowTable = createWasmTables(requireKernel());

export const KERNELS: readonly (readonly [string, CreateRowTable])[] = [
  ['typescript', createTypeScriptTable],
  ['wasm', createWasmTable],
];
