// `weir verify`: the offline check of a shard's folder. Exit code 1 when something is wrong.
import type { VerifyReport } from '@weir/ps';
import type { Command } from 'commander';
import { VERIFY_PROGRESS_MS } from '../limits.ts';
import { columns, print } from '../output.ts';

interface VerifyFlags {
  readonly data: string;
  readonly json?: boolean;
}

export function registerVerify(program: Command): void {
  program
    .command('verify')
    .summary("check a shard's folder")
    .description(
      "Reads all of a stopped shard's folder and names what is wrong and where: checksums, missing records or pages, " +
        'definitions, groups, the files of the store. Changes nothing. Exit code 1 if something is wrong.',
    )
    .requiredOption('--data <DIR>', "the shard's folder")
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  weir verify --data shard-0 --json')
    .action(async ({ data, json = false }: VerifyFlags) => {
      const { verifyFolder } = await import('@weir/ps');
      let told = performance.now();
      const report = await verifyFolder(data, (bytes) => {
        if (performance.now() - told < VERIFY_PROGRESS_MS) return;
        told = performance.now();
        process.stderr.write(`${data}: ${Math.round(bytes / 2 ** 20)} MiB read\n`);
      });
      if (report.problemCount > 0) process.exitCode = 1;
      print({ json: reportJson(report), text: reportText(report) }, json);
    });
}

function reportJson(report: VerifyReport): object {
  return {
    ok: report.problemCount === 0,
    shard: report.shard,
    epoch: report.epoch,
    low_mark: report.lowMark,
    next_seq: report.nextSeq,
    records: report.records,
    log_bytes: report.logBytes,
    tables: report.tables.map(({ name, pages, pageBytes }) => ({ name, pages, page_bytes: pageBytes })),
    problem_count: report.problemCount,
    problems: report.problems,
  };
}

function reportText(report: VerifyReport): string {
  const { shard = 'unknown', epoch = '?', records, lowMark, logBytes, problems, problemCount } = report;
  const tables = report.tables.map(({ name, pages, pageBytes }) => [name, pages, pageBytes]);
  const found = problems.map(({ where, what }) => `${where}: ${what}`);
  return [
    `shard ${shard}, epoch ${epoch}: ${records} records of the log from ${lowMark} on, ${logBytes} bytes`,
    ...(tables.length > 0 ? ['', columns(['table', 'pages', 'bytes'], tables)] : []),
    '',
    problemCount === 0 ? 'all is well' : `${problemCount} problems:`,
    ...found,
  ].join('\n');
}
