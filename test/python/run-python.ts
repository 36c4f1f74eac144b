// Runs Python with the guide's client and stubs that are generated from the protocol as it stands.
import { execFile, execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonWith } from '../tools/python.ts';

export const EXAMPLE = fileURLToPath(new URL('../../docs/examples/python/', import.meta.url));
const PROTO = fileURLToPath(new URL('../../proto/', import.meta.url));
const TIMEOUT_MS = 110_000;

export interface Python extends Disposable {
  /** Of a script with arguments. @returns stdout. @throws with what it wrote to stderr. */
  run(script: string, ...argv: readonly string[]): Promise<string>;
}

export function openPython(): Python {
  const python = pythonWith(join(EXAMPLE, 'requirements.txt'));
  const stubs = mkdtempSync(join(tmpdir(), 'weir-python-'));
  const protos = globSync('weir/v1/*.proto', { cwd: PROTO });
  const generate = ['-m', 'grpc_tools.protoc', '-I.', `--python_out=${stubs}`, `--grpc_python_out=${stubs}`];
  execFileSync(python, [...generate, ...protos], { cwd: PROTO });
  const env = { ...process.env, PYTHONPATH: [stubs, EXAMPLE].join(':'), PYTHONDONTWRITEBYTECODE: '1' };
  return {
    run: (script, ...argv) =>
      new Promise((resolve, reject) => {
        execFile(
          python,
          [script, ...argv],
          { env, timeout: TIMEOUT_MS, maxBuffer: 64 << 20 },
          (error, stdout, stderr) => {
            if (error === null) resolve(stdout);
            else reject(new Error(`${script} ended with ${error.code}: ${stderr}`));
          },
        );
      }),
    [Symbol.dispose]: () => rmSync(stubs, { recursive: true, force: true }),
  };
}
