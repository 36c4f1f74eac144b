// `weir completion SHELL`: a script with which the shell completes verbs, options and paths.
import { Argument, type Command } from 'commander';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import type { Verb } from '../completion/verb.ts';
import { verbsOf } from '../completion/verbs-of.ts';
import { zshCompletion } from '../completion/zsh.ts';
import { SERVICES } from '../services.ts';

const SHELLS: Readonly<Record<string, (root: Verb) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** Precondition: it completes what is registered on `program` by the time it runs. */
export function registerCompletion(program: Command): void {
  program
    .command('completion')
    .summary('print a completion script for a shell')
    .description(
      'Prints a script with which the shell completes verbs, options and paths. Source it where the shell starts, so that it is ' +
        'of the version that is installed.',
    )
    .addArgument(new Argument('<shell>', 'bash, from 3.2 on, zsh or fish').choices(Object.keys(SHELLS)))
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  weir completion bash >> ~/.bash_completion      or, at each start: source <(weir completion bash)',
        '  source <(weir completion zsh)                   in ~/.zshrc, after compinit',
        '  weir completion fish > ~/.config/fish/completions/weir.fish',
      ].join('\n'),
    )
    .action(async (shell: string) => {
      process.stdout.write(SHELLS[shell]!(await verbsOf(program, SERVICES)));
    });
}
