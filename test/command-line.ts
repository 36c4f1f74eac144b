// The command line of a suite: wrong usage is said in a line and ends with 2, as for `weir` itself.
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** @param usage said when the command line is wrong */
export function parseCommandLine<Config extends ParseArgsConfig>(
  usage: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    return wrongUsage(usage, error instanceof Error ? error.message : String(error));
  }
}

/** Ends the process. */
export function wrongUsage(usage: string, message: string): never {
  process.stderr.write(`${message}\n${usage}\n`);
  process.exit(2);
}

/** A whole number of at least `least`, or wrong usage. */
export function wholeNumber(usage: string, name: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value;
  return wrongUsage(usage, `--${name} must be a whole number, at least ${least}`);
}
