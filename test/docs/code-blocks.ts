// The code blocks of a page, with what stands in front of them for tests. A block says after its language what it is:
//   ts             compiled, as a module of its own
//   ts continues   compiled behind the block before it
//   ts [name]      compiled as a file of this name, which the guide's other blocks can import; json [name]: such a file
//   ts runs        and run (as a test where its name says so), with the cluster of the guide: the one that it starts on the
//                  ports of its own, else three shards whose addresses are in WEIR_SEEDS
//   sh starts      a process for each command, until the guide ends
//   sh runs        a command that must end with 0
//   txt prints     what the program before it prints
//   json answers   what the command before it prints: the same fields, other values
// `npm test` compiles and checks, `npm run test:docs` runs. Names that a snippet takes for given are declared in an HTML comment
// `<!-- given ... -->` in front of it, which no reader sees.
import { readFileSync } from 'node:fs';
import { ROOT } from '../structure/packages.ts';

export interface CodeBlock {
  /** Of the page, from the root. */
  readonly page: string;
  /** Of the fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly flags: readonly string[];
  readonly code: string;
  /** TypeScript that declares what the block takes for given; may be empty. */
  readonly given: string;
}

const FENCE = /^( *)```(\S*)(.*)$/;
const GIVEN = /<!-- given\n([\s\S]*?)-->\s*$/;

/** @throws for a fence that is not closed. */
export function codeBlocks(page: string): CodeBlock[] {
  const lines = readFileSync(`${ROOT}/${page}`, 'utf8').split('\n');
  const blocks: CodeBlock[] = [];
  let textFrom = 0;
  for (let at = 0; at < lines.length; at++) {
    const open = FENCE.exec(lines[at]!);
    if (open === null) continue;
    const [, indent, language, info] = open as unknown as [string, string, string, string];
    const end = lines.findIndex((line, i) => i > at && line.startsWith(`${indent}\`\`\``));
    if (end === -1) throw new Error(`${page}:${at + 1}: the code block is not closed`);
    blocks.push({
      page,
      line: at + 1,
      language,
      flags: info.split(' ').filter((flag) => flag !== ''),
      code: lines
        .slice(at + 1, end)
        .map((line) => line.slice(indent.length))
        .join('\n'),
      given: GIVEN.exec(lines.slice(textFrom, at).join('\n'))?.[1] ?? '',
    });
    at = end;
    textFrom = end + 1;
  }
  return blocks;
}

/** The file that a block is, where it says so. */
export function fileName({ flags }: CodeBlock): string | undefined {
  return flags.find((flag) => /^\[.*\]$/.test(flag))?.slice(1, -1);
}

/** Spans of code within a page's text, with their lines. */
export function codeSpans(
  page: string,
): { readonly page: string; readonly line: number; readonly code: string }[] {
  const text = readFileSync(`${ROOT}/${page}`, 'utf8');
  const prose = text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, (block) => block.replaceAll(/[^\n]/g, ''));
  return [...prose.matchAll(/`([^`]+)`/g)].map((span) => ({
    page,
    line: prose.slice(0, span.index).split('\n').length,
    code: span[1]!.replaceAll(/\s+/g, ' '),
  }));
}
