#!/usr/bin/env node
// The `weir` command: runs the verb, ends with 0 done, 1 failed, 2 wrong usage.
import { enableCompileCache } from 'node:module';

const NODE_MAJOR_MIN = 24;
if (Number.parseInt(process.versions.node, 10) < NODE_MAJOR_MIN) {
  process.stderr.write(
    `weir: it needs Node ${NODE_MAJOR_MIN} or newer; this is Node ${process.versions.node}\n`,
  );
  process.exit(1);
}

// Half of a start's CPU time is compiling; nine processes start at once under `weir dev`.
enableCompileCache();

// `weir ... | head -1`: who has read enough is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const { runProgram } = await import('./program.ts');
const exitCode = await runProgram(process.argv.slice(2));
if (exitCode !== undefined) process.exitCode = exitCode;
