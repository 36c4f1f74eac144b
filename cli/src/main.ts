#!/usr/bin/env node
// The `weir` command: runs the verb, ends with 0 done, 1 failed, 2 wrong usage.
import { enableCompileCache } from 'node:module';

// Half of a start's CPU time is compiling; nine processes start at once under `weir dev`.
enableCompileCache();

const { runProgram } = await import('./program.ts');
const exitCode = await runProgram(process.argv.slice(2));
if (exitCode !== undefined) process.exitCode = exitCode;
