// The processes under attack: one of each service, as `weir` starts them, and what they must have for valid messages.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClientCredentials } from '@weir/proto';
import { freePorts, type ServiceProcess, spawnService } from '@weir/runtime';
import { connectStreams } from '@weir/streams/client';
import { RawClient, tableSpec } from '../../../ps/src/testing/raw-client.ts';
import { MAIN } from '../../e2e/run-weir.ts';
import { PARTITIONS, STREAM, TARGET } from './valid-messages.ts';

export const VICTIMS = ['ps', 'streams', 'collector', 'stitcher', 'trainer', 'predictor', 'canary'] as const;
export type Victim = (typeof VICTIMS)[number];

export interface Victims extends AsyncDisposable {
  readonly processes: Readonly<Record<Victim, ServiceProcess>>;
  /** Of the JSON servers, `host:port`. */
  readonly http: Readonly<Record<'collector' | 'predictor', string>>;
  /** What a process has logged. */
  log(victim: Victim): Promise<string>;
}

/** Services that ask who calls. */
export interface Secured {
  /** Access file of all of them. */
  readonly access: string;
  /** What each shows to the others; `operator` prepares. */
  readonly tokenOf: (who: Victim | 'operator') => string;
  /** Of each service; default: none. */
  readonly flags?: readonly string[];
}

export async function startVictims(secured?: Secured): Promise<Victims> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-fuzz-'));
  const processes: Partial<Record<Victim, ServiceProcess>> = {};
  const logFile = (victim: Victim): string => join(folder, `${victim}.log`);
  const dispose = async (): Promise<void> => {
    for (const victim of [...VICTIMS].reverse()) await processes[victim]?.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const start = async (victim: Victim, ...flags: string[]): Promise<ServiceProcess> => {
    const command = [MAIN, victim, ...flags, ...(secured?.flags ?? [])];
    const env =
      secured === undefined ? {} : { WEIR_ACCESS: secured.access, WEIR_TOKEN: secured.tokenOf(victim) };
    const started = await spawnService({ name: victim, command, logFile: logFile(victim), env });
    processes[victim] = started;
    return started;
  };
  try {
    const [port] = await freePorts(1);
    const topology = join(folder, 'topology.json');
    const shards = [{ id: 'shard-0', address: `127.0.0.1:${port}` }];
    await writeFile(topology, JSON.stringify({ epoch: 1, shards }));
    const [ps, streams] = await Promise.all([
      start(
        'ps',
        '--id',
        'shard-0',
        '--listen',
        `127.0.0.1:${port}`,
        '--topology',
        topology,
        '--data',
        join(folder, 'ps'),
      ),
      start('streams', '--data', join(folder, 'streams')),
    ]);
    await prepare(ps.listen, streams.listen, secured?.tokenOf('operator'));
    const ofStreams = ['--streams', streams.listen];
    const ofShards = ['--seeds', ps.listen];
    // In the order in which each finds what it needs not make.
    const collector = await start('collector', ...ofStreams);
    await start(
      'stitcher',
      ...ofStreams,
      '--data',
      join(folder, 'stitcher'),
      '--attribution',
      'click=1000ms',
    );
    await start('trainer', ...ofStreams, ...ofShards);
    const predictor = await start('predictor', ...ofStreams, ...ofShards);
    const canaries = ['--interval-ms', '500', '--timeout-ms', '10000'];
    await start('canary', '--predictor', predictor.listen, '--collector', collector.listen, ...canaries);
    const log = (victim: Victim): Promise<string> => readFile(logFile(victim), 'utf8');
    const httpOf = async (victim: Victim): Promise<string> => {
      const address = /"http":"([^"]+)"/.exec(await log(victim))?.[1];
      if (address === undefined) throw new Error(`${victim} did not say where it serves HTTP`);
      return address;
    };
    return {
      processes: processes as Record<Victim, ServiceProcess>,
      http: { collector: await httpOf('collector'), predictor: await httpOf('predictor') },
      log,
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function prepare(shard: string, streams: string, token: string | undefined): Promise<void> {
  const client = new RawClient(shard, new ClientCredentials(undefined, { token }));
  await client.create(TARGET);
  await client.create(tableSpec('altered', 2, { kind: 3, learningRate: 0.1 }));
  client.close();
  const log = connectStreams({ address: streams, token });
  for (const stream of [STREAM, 'trimmed', 'fenced']) await log.create(stream, PARTITIONS);
  await log.close();
}
