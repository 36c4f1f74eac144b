// A whole loop whose services ask who calls, each with the roles that docs/security.md gives it and no more: it works, and
// whoever else calls is refused, at every RPC and every route that there is.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PullResponse, PushResponse } from '@weir/proto/v1/parameter_server';
import { ListStreamsResponse } from '@weir/proto/v1/streams';
import { RULES } from '@weir/runtime';
import { connect, type Weir } from '@weir/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentedIdentities, tokenOf, writeAccessFile } from './access/access-file.ts';
import { framed, type Outcome, RawCaller } from './fuzz/raw-call.ts';
import { COMMON_RPCS, RPCS, type Rpc, type Server } from './fuzz/rpcs.ts';
import { VALID } from './fuzz/valid-messages.ts';
import { startVictims, VICTIMS, type Victims } from './fuzz/victims.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-access-'));
const access = join(folder, 'access.json');
const ALL: readonly (readonly [string, Server, Rpc])[] = (Object.keys(RPCS) as Server[]).flatMap((server) =>
  RPCS[server].map((rpc) => [rpc.path, server, rpc] as const),
);
/** The code of a refusal that came in an answer, where one message is refused and the stream goes on. */
const IN_ANSWER: Readonly<Record<string, (answer: Buffer) => string | undefined>> = {
  '/weir.v1.ParameterServer/Pull': (answer) => PullResponse.decode(answer).error?.code,
  '/weir.v1.ParameterServer/Push': (answer) => PushResponse.decode(answer).refusals[0]?.error?.code,
};

let victims: Victims;
beforeAll(async () => {
  writeAccessFile(access, documentedIdentities());
  victims = await startVictims({ access, tokenOf, flags: ['--log-level', 'trace'] });
  // The table that valid messages drop.
  const create = RPCS.ps.find(({ path }) => path.endsWith('/CreateTable'))!;
  expect((await call('ps', create, tokenOf('operator'))).status).toBe(0);
});
afterAll(async () => {
  await victims?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const bearer = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

async function call(server: Server, { path }: Rpc, token: string | undefined): Promise<Outcome> {
  const caller = new RawCaller(victims.processes[server].listen);
  const data = VALID[path]!(0)
    .slice(0, 1)
    .map((message) => framed(message));
  const outcome = await caller.call({ path, data, headers: bearer(token), silenceMs: 5_000 });
  caller.close();
  return outcome;
}

const codeOf = ({ code, status, answer }: Outcome, { path }: Rpc): string | number | undefined =>
  (answer.length > 5 ? IN_ANSWER[path]?.(answer.subarray(5)) : undefined) ?? code ?? status;

describe('the rules', () => {
  it('are there for every RPC of every service, and for none that there is not', () => {
    const paths = [...ALL.map(([path]) => path), ...COMMON_RPCS.map(({ path }) => path)];
    const ruled = Object.keys(RULES).filter((name) => name.startsWith('/'));
    expect(ruled.sort()).toEqual(paths.sort());
  });
});

describe('without a role', () => {
  it.each(ALL)('%s refuses a caller without a token, and one with a wrong one', async (_, server, rpc) => {
    for (const token of [undefined, 'a-wrong-token']) {
      const outcome = await call(server, rpc, token);
      expect(codeOf(outcome, rpc), outcome.message).toBe('UNAUTHENTICATED');
      expect(outcome.answer.length).toBe(0);
      expect(outcome.message).not.toContain('a-wrong-token');
    }
  });

  it.each(ALL)('%s refuses an identity that has no role', async (path, server, rpc) => {
    const outcome = await call(server, rpc, tokenOf('nobody'));
    const rule = RULES[path]!;
    if (path.endsWith('/ListTables') || path.endsWith('/ListStreams')) {
      // It is told of nothing.
      expect([outcome.status, outcome.answer.length]).toEqual([0, 5]);
    } else if (rule.needs.length === 0) expect(outcome.status).toBe(0);
    else expect(codeOf(outcome, rpc), outcome.message).toBe('PERMISSION_DENIED');
  });

  it.each(COMMON_RPCS.map((rpc) => [rpc.path, rpc] as const))(
    '%s is open only if it is health',
    async (path, rpc) => {
      const outcome = await call('ps', rpc, undefined);
      const isOpen = RULES[path]!.by === 'nobody';
      expect(isOpen).toBe(path.includes('health'));
      expect(outcome.status === 16).toBe(!isOpen);
    },
  );

  it('lists show what their caller may read', async () => {
    const list = RPCS.streams.find(({ path }) => path.endsWith('/ListStreams'))!;
    const names = async (identity: string) =>
      ListStreamsResponse.decode((await call('streams', list, tokenOf(identity))).answer.subarray(5))
        .streams.map(({ stream }) => stream)
        .sort();
    expect(await names('predictor')).toEqual(['features']);
    expect(await names('operator')).toContain('behaviour');
  });

  it.each([
    ['collector', '/v1/features'],
    ['collector', '/v1/events'],
    ['predictor', '/v1/rank'],
  ] as const)('%s: POST %s refuses over HTTP, too', async (service, path) => {
    const post = (token: string | undefined) =>
      fetch(`http://${victims.http[service]}${path}`, { method: 'POST', body: '{}', headers: bearer(token) });
    expect((await post(undefined)).status).toBe(401);
    expect((await post(tokenOf('trainer'))).status).toBe(403);
    // Let in; what it is told of its empty request is another matter.
    expect((await post(tokenOf('application'))).status).toBeOneOf([200, 400]);
  });

  it.each(VICTIMS)('the admin port of %s answers probes and metrics, and nothing else', async (victim) => {
    const { admin } = victims.processes[victim];
    const status = async (path: string, token?: string, init: RequestInit = {}) =>
      (await fetch(`http://${admin}${path}`, { ...init, headers: bearer(token) })).status;
    for (const path of ['/healthz', '/readyz', '/metrics']) expect(await status(path)).toBe(200);
    expect(await status('/log-level')).toBe(401);
    expect(await status('/log-level', tokenOf('application'))).toBe(
      victim === 'collector' || victim === 'predictor' ? 200 : 403,
    );
    const level = { method: 'POST', body: '{"level":"trace"}' };
    expect(await status('/log-level', undefined, level)).toBe(401);
    expect(await status('/log-level', tokenOf('application'), level)).toBe(403);
    expect(await status('/log-level', tokenOf('operator'), level)).toBe(200);
    const audited = (await victims.log(victim))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line.audit === true && line.action === 'POST /log-level');
    expect(audited.map(({ who, on, outcome }) => [who, on, outcome])).toEqual([
      [null, [victim], 'UNAUTHENTICATED'],
      ['application', [victim], 'PERMISSION_DENIED'],
      ['operator', [victim], 'OK'],
    ]);
  });
});

describe('with the roles of docs/security.md', () => {
  const as = (identity: string): Promise<Weir> =>
    connect({ seeds: [victims.processes.ps.listen], clientId: 'test', token: tokenOf(identity) });

  it('a request goes through the whole loop: the canary comes back', async () => {
    const canary = async () =>
      (await (
        await fetch(`http://${victims.processes.canary.admin}/canary`, {
          headers: bearer(tokenOf('operator')),
        })
      ).json()) as { attempts: { ok: number } };
    let report = await canary();
    for (let waited = 0; report.attempts.ok === 0 && waited < 60; waited++) {
      await sleep(1_000);
      report = await canary();
    }
    expect(report).toMatchObject({ attempts: { ok: expect.any(Number), event_failed: 0 } });
    expect(report.attempts.ok).toBeGreaterThan(0);
  });

  it('a reader cannot write, a writer cannot administer, and nobody acts in another namespace', async () => {
    await using operator = await as('operator');
    const definition = { dim: 1, optimizer: { kind: 'sum' }, initializer: { kind: 'zero' } } as const;
    await operator.tables.create({ ...definition, name: 'default/counts' });
    await operator.tables.create({ ...definition, name: 'other/counts' });
    writeAccessFile(access, {
      ...documentedIdentities(),
      trainer: { ...documentedIdentities().trainer, tables: { 'default/*': 'write' } },
    });
    await using predictor = await as('predictor');
    await using trainer = await as('trainer');
    const [key, one] = [BigUint64Array.of(7n), Float32Array.of(1)];
    // Until the file is read again the trainer may drop a table: this one is not there.
    const denied = { code: 'PERMISSION_DENIED' };
    for (;;) {
      const error = await trainer.tables.drop('default/counts-not-there').catch((thrown) => thrown);
      if (error.code === 'TABLE_NOT_FOUND') {
        const made = await trainer.tables
          .create({ ...definition, name: 'default/probe' })
          .catch((thrown) => thrown);
        if (made.code === 'PERMISSION_DENIED') break;
        await trainer.tables.drop('default/probe').catch(() => undefined);
      }
      await sleep(100);
    }
    const readable = await predictor.table('default/counts');
    expect((await readable.pull(key)).length).toBe(1);
    await expect(readable.push(key, one)).rejects.toMatchObject({
      ...denied,
      message: expect.stringContaining('predictor lacks the role write on table default/counts'),
    });
    const writable = await trainer.table('default/counts');
    await writable.push(key, one);
    expect((await readable.pull(key))[0]).toBe(1);
    await expect(trainer.tables.drop('default/counts')).rejects.toMatchObject(denied);
    // What one may not read is not there.
    await expect(trainer.table('other/counts')).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' });
  });
});

describe('secrets', () => {
  it('are in no log line, at level trace, and in no metric', async () => {
    const secrets = Object.keys(documentedIdentities()).map(tokenOf);
    for (const victim of VICTIMS) {
      const { admin } = victims.processes[victim];
      const metrics = await (await fetch(`http://${admin}/metrics`)).text();
      const log = await victims.log(victim);
      expect(log).toContain('"level":"info"');
      for (const secret of [...secrets, 'a-wrong-token']) {
        expect(log.includes(secret), `${victim} logs ${secret}`).toBe(false);
        expect(metrics.includes(secret), `${victim} shows ${secret}`).toBe(false);
      }
    }
  });
});
