// The commands of docs/kubernetes.md, by the names of their blocks: what a reader copies is what the test runs.
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { codeBlocks } from '../../docs/code-blocks.ts';
import { type Answer, ROOT } from '../helm.ts';
import type { OneNode } from './one-node.ts';

const PAGE = 'docs/kubernetes.md';
/** It needs a registry. */
const NOT_RUN = 'docker build';

export class Documented {
  /** Where the commands are run: `values.yaml` and other files of the reader are here, beside `charts`. */
  readonly folder: string;
  readonly #node: OneNode;
  readonly #blocks = new Map<string, string>();
  readonly #left = new Set<string>();

  constructor(node: OneNode, folder: string) {
    this.#node = node;
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    symlinkSync(join(ROOT, 'charts'), join(folder, 'charts'));
    for (const { language, flags, code, line } of codeBlocks(PAGE)) {
      if (language !== 'sh' || code.startsWith(NOT_RUN)) continue;
      const name = /^\[(\S+)\]$/.exec(flags[0] ?? '')?.[1] ?? `line ${line}`;
      this.#blocks.set(name, code);
      this.#left.add(name);
    }
  }

  /** Blocks that nobody has run. */
  get left(): readonly string[] {
    return [...this.#left];
  }

  /** Runs a block to its end; the first command that fails ends it. */
  run(name: string, variables: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const code = this.#blocks.get(name);
    if (code === undefined) throw new Error(`${PAGE} has no block [${name}]`);
    this.#left.delete(name);
    const script = `cd '${this.folder}'\n${code}`;
    return this.#node.call('bash', ['-euo', 'pipefail', '-c', script], {
      env: { ...process.env, ...variables },
    });
  }
}
