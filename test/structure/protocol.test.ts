// The protocol may grow, and breaks nobody: what `npm run lint` compares with proto/baseline.binpb.
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from './packages.ts';

const run = promisify(execFile);

describe('the protocol', () => {
  let copy: string;
  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'weir-protocol-'));
    for (const name of ['buf.yaml', 'weir', 'onnx']) {
      cpSync(join(ROOT, 'proto', name), join(copy, name), { recursive: true });
    }
  });
  afterEach(() => rmSync(copy, { recursive: true, force: true }));

  /** Changes a file of the copy, and says what is broken then: nothing, or the lines of buf. */
  async function broken(file: string, pattern: RegExp, replacement: string): Promise<string> {
    const path = join(copy, 'weir/v1', file);
    const text = readFileSync(path, 'utf8');
    expect(text).toMatch(pattern);
    writeFileSync(path, text.replace(pattern, replacement));
    const argv = ['breaking', copy, '--against', join(ROOT, 'proto/baseline.binpb')];
    return await run(join(ROOT, 'node_modules/.bin/buf'), argv).then(
      () => '',
      ({ stdout }: { stdout: string }) => stdout,
    );
  }

  it('breaks nobody as it is', async () => {
    expect(await broken('common.proto', /^/, '// The same.\n')).toBe('');
  });

  it('may have a message more', async () => {
    expect(await broken('common.proto', /$/, '\nmessage Added { string name = 1; }\n')).toBe('');
  });

  it.each([
    ['the number of a field', /(message PullRequest \{[^}]*? )= 1;/, '$1= 100;', /"1" .*deleted/],
    ['the type of a field', /(message PullRequest \{[^}]*?)uint64 (\w+ = 1;)/, '$1string $2', /changed type/],
    ['the name of an RPC', /rpc Pull\(/, 'rpc Fetch(', /"Pull" .*deleted/],
  ])('may not change %s', async (_what, pattern, replacement, complaint) => {
    expect(await broken('parameter_server.proto', pattern, replacement)).toMatch(complaint);
  });
});
