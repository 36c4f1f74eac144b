// Command-line words as raw values by setting. Pure: no environment, no files.
import { UsageError } from '../usage-error.ts';
import { didYouMean } from './nearest-name.ts';
import { type ConfigOption, environmentKey } from './options.ts';

export interface Flags {
  /** Text as given, by key; repeated flags of a list are joined by commas. */
  readonly values: ReadonlyMap<string, string>;
  readonly help: boolean;
  readonly printConfig: boolean;
  readonly configFile: string | undefined;
}

const OWN_FLAGS = ['help', 'print-config', 'config'];

/** `--flag value`, `--flag=value`; booleans `--flag`, `--no-flag`, `--flag=false`. UsageError on anything else. */
export function parseFlags(argv: readonly string[], options: readonly ConfigOption[]): Flags {
  const byFlag = new Map(options.map((option) => [option.flag, option]));
  const values = new Map<string, string>();
  let help = false;
  let printConfig = false;
  let configFile: string | undefined;
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '-h') word = '--help';
    if (!word.startsWith('--') || word === '--') {
      throw new UsageError(`unexpected argument "${word}": settings are given as --flag value`);
    }
    const equals = word.indexOf('=');
    const name = word.slice(2, equals === -1 ? undefined : equals);
    const inline = equals === -1 ? undefined : word.slice(equals + 1);
    if (name === 'help') help = true;
    else if (name === 'print-config') printConfig = true;
    else if (name === 'config') configFile = inline ?? next(name, words);
    else {
      const negated = name.startsWith('no-') ? byFlag.get(name.slice(3)) : undefined;
      const option = byFlag.get(name);
      if (option?.secret === true) {
        // Its value is not repeated; it stands in the list of processes already.
        throw new UsageError(
          `--${name} is a secret, which every user of the machine would see: set WEIR_${environmentKey(option.key)}, or put it into the file of --config`,
        );
      }
      if (option !== undefined) {
        const value = inline ?? (option.kind === 'boolean' ? 'true' : next(name, words));
        const earlier = option.kind === 'list' ? values.get(option.key) : undefined;
        values.set(option.key, earlier === undefined ? value : `${earlier},${value}`);
      } else if (negated?.kind === 'boolean' && inline === undefined) {
        values.set(negated.key, 'false');
      } else {
        const known = [...byFlag.keys(), ...OWN_FLAGS];
        throw new UsageError(`unknown flag --${name}${didYouMean(name, known, '--')}`);
      }
    }
  }
  return { values, help, printConfig, configFile };
}

function next(flag: string, words: string[]): string {
  const value = words.shift();
  if (value === undefined || value.startsWith('--')) throw new UsageError(`--${flag} needs a value`);
  return value;
}
