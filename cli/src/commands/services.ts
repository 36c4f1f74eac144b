// `weir ps`, `weir streams`, ...: each runs one service in this process. Its settings are the service's own business.
import type { Command } from 'commander';
import { SERVICES } from '../services.ts';

export function registerServices(program: Command): void {
  for (const { name, summary, example, load } of SERVICES) {
    program
      .command(name)
      .summary(summary)
      .description(`${summary}; see weir ${name} --help`)
      .usage('[options]')
      .argument('[settings...]')
      // The service's schema knows its flags, --help among them.
      .helpOption(false)
      .allowUnknownOption()
      .passThroughOptions()
      .action(async (settings: string[]) => {
        const [{ runService }, service] = await Promise.all([import('@weir/runtime'), load()]);
        await runService(service, { argv: settings });
        if (settings.includes('--help')) process.stdout.write(`\nExample:\n  ${example}\n`);
      });
  }
}
