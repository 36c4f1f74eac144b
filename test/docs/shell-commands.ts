// The commands of a shell block, as words. Enough of a shell's grammar for what guides show: quotes, comments, `&&`, pipes, lines
// that go on, variables in front of a command, redirections.

export interface ShellCommand {
  /** Within the block, from 0. */
  readonly line: number;
  readonly words: readonly string[];
}

const TOKEN =
  /#.*|\\\n|\n|&&|\|\||[|;&()]|\d?[<>]{1,2}&?\s*\S+|(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"|;&()<>])+/g;

export function shellCommands(code: string): ShellCommand[] {
  const commands: ShellCommand[] = [];
  let words: string[] = [];
  let line = 0;
  let at = 0;
  const end = (): void => {
    while (/^([A-Za-z_]\w*=|npx$|sudo$)/.test(words[0] ?? '')) words.shift();
    if (words.length > 0) commands.push({ line: at, words });
    words = [];
  };
  for (const [token] of code.matchAll(TOKEN)) {
    if (token === '\n' || /^(&&|\|\||[|;&()])$/.test(token)) end();
    else if (!/^(#|\\\n|\d?[<>])/.test(token)) {
      if (words.length === 0) at = line;
      words.push(token.replaceAll(/^(['"])(.*)\1$/gs, '$2'));
    }
    line += token.split('\n').length - 1;
  }
  end();
  return commands;
}
