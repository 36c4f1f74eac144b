// `npm run load -- SCRIPT ...`: k6 against a running cluster. Makes and fills the table, writes the plan, runs k6, says where the report
// stands. Ends as k6 did: 0, or 99 where a threshold was crossed.
import { readClientTls } from '@weir/runtime';
import { connect } from '@weir/sdk';
import { IN_FLIGHT, ROWS } from '../bench/ps-workload.ts';
import { parseCommandLine, wholeNumber, wrongUsage } from '../command-line.ts';
import type { LoadPlan, Plan } from './k6/plan.ts';
import { PROFILE_NAMES, PROFILES, type ProfileName } from './k6/profiles.ts';
import { SCRIPT_NAMES } from './k6/scripts.ts';
import { prepareTable } from './prepare-table.ts';
import { madeUpRequests, requestsOfFile } from './rank-requests.ts';
import { type Identity, runK6 } from './run-k6.ts';

const USAGE = `usage: npm run load -- ${SCRIPT_NAMES.join('|')} [--profile ${PROFILE_NAMES.join('|')}]
    --seeds HOST:PORT,... [--table NAME] [--rows N]      of pull, push, push-stream, mixed
    --predictor HOST:PORT [--requests FILE.ndjson]       of rank
    WEIR_CA, WEIR_CLIENT_CERT, WEIR_CLIENT_KEY, WEIR_TOKEN as for the verbs of weir
    [--rate BATCHES_PER_S] [--vus N] [--duration S] [--p99-ms N] [--random-seed N]`;

const { values, positionals } = parseCommandLine(USAGE, {
  allowPositionals: true,
  options: {
    profile: { type: 'string', default: 'smoke' },
    seeds: { type: 'string', default: process.env.WEIR_SEEDS ?? '' },
    table: { type: 'string', default: 'load/rows' },
    rows: { type: 'string', default: String(ROWS) },
    predictor: { type: 'string' },
    requests: { type: 'string' },
    rate: { type: 'string', default: '50' },
    vus: { type: 'string', default: String(IN_FLIGHT) },
    duration: { type: 'string' },
    'p99-ms': { type: 'string' },
    'random-seed': { type: 'string', default: '1' },
  },
});
const script = oneOf('SCRIPT', SCRIPT_NAMES, positionals[0] ?? '');
if (positionals.length > 1) wrongUsage(USAGE, `one script, not ${positionals.length}`);
const load = loadPlan();
const identity: Identity = identityOf(process.env);
const plan: Plan = {
  load,
  ...(script === 'rank' ? { predictor: await predictor() } : { cluster: await cluster() }),
};
// Ctrl-C ends k6, which then sums up.
process.on('SIGINT', () => {});
const { exitCode, page, summary } = await runK6(script, plan, { show: true, identity });
process.stdout.write(`charts: ${page}\nfigures: ${summary}\n`);
process.exitCode = exitCode;

function loadPlan(): LoadPlan {
  const profile: ProfileName = oneOf('--profile', PROFILE_NAMES, values.profile);
  const number = (name: 'rate' | 'vus' | 'random-seed', least: number): number =>
    wholeNumber(USAGE, name, values[name], least);
  const { duration, 'p99-ms': p99Ms } = values;
  return {
    profile,
    rate: number('rate', 1),
    vus: number('vus', 1),
    durationS:
      duration === undefined ? PROFILES[profile].durationS : wholeNumber(USAGE, 'duration', duration, 1),
    ...(p99Ms !== undefined && { p99Ms: wholeNumber(USAGE, 'p99-ms', p99Ms, 1) }),
    randomSeed: number('random-seed', 0),
  };
}

async function cluster() {
  if (values.seeds === '') wrongUsage(USAGE, `${script} needs --seeds`);
  const {
    WEIR_CA: ca,
    WEIR_CLIENT_CERT: clientCert,
    WEIR_CLIENT_KEY: clientKey,
    WEIR_TOKEN: token,
  } = identity;
  const tls = readClientTls({ ca, clientCert, clientKey });
  await using weir = await connect({ seeds: values.seeds.split(','), clientId: 'load', tls, token });
  return await prepareTable(weir, values.table, wholeNumber(USAGE, 'rows', values.rows, 2));
}

function identityOf({ WEIR_CA, WEIR_CLIENT_CERT, WEIR_CLIENT_KEY, WEIR_TOKEN }: NodeJS.ProcessEnv): Identity {
  const given = Object.entries({ WEIR_CA, WEIR_CLIENT_CERT, WEIR_CLIENT_KEY, WEIR_TOKEN });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined && value !== ''));
}

async function predictor() {
  const { predictor: address = wrongUsage(USAGE, 'rank needs --predictor'), requests } = values;
  return {
    address,
    requests: requests === undefined ? madeUpRequests(load.randomSeed) : await requestsOfFile(requests),
  };
}

function oneOf<Name extends string>(what: string, names: readonly Name[], given: string): Name {
  return (
    names.find((name) => name === given) ??
    wrongUsage(USAGE, `${what} is one of ${names.join(', ')}, not '${given}'`)
  );
}
