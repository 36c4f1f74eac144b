// `weir token`: a new token, and the hash of it that stands in an access file.
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { print } from '../output.ts';

const TOKEN_BYTES = 32;

interface TokenFlags {
  readonly stdin?: true;
  readonly json?: true;
}

export function registerToken(program: Command): void {
  program
    .command('token')
    .summary('draw a token')
    .description(
      'A new token, for --token-file or WEIR_TOKEN of who calls, and its hash, for the access file of who is called.',
    )
    .option('--stdin', 'print the hash of the token on standard input instead')
    .option('--json', 'print one JSON object on one line')
    .addHelpText('after', '\nExamples:\n  weir token\n  weir token --stdin < token.txt')
    .action(async ({ stdin, json }: TokenFlags) => {
      const { tokenHash } = await import('@weir/runtime');
      if (stdin) {
        const { requireToken } = await import('@weir/proto');
        const hash = tokenHash(requireToken((await readStdin()).trimEnd()));
        print({ json: { hash }, text: hash }, json === true);
        return;
      }
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      const hash = tokenHash(token);
      print({ json: { token, hash }, text: `token  ${token}\nhash   ${hash}` }, json === true);
    });
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
