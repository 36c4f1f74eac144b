import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAccess } from '../access/access.ts';
import { type AdminListener, startAdminServer } from '../admin/admin-server.ts';
import { LOOPBACK_ONLY } from '../tls/listener-security.ts';
import { addLogLevelRoutes } from './log-level.ts';

let lines: { msg: string; action?: string; outcome?: string }[];
let admin: AdminListener;
let log: pino.Logger;

beforeEach(async () => {
  lines = [];
  log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const access = await openAccess({ file: undefined, service: 'ps', log });
  const security = { ...LOOPBACK_ONLY, access };
  admin = await startAdminServer({ listen: '127.0.0.1:0', security, log, renderMetrics: async () => '' });
  addLogLevelRoutes(admin, log);
});
afterEach(() => admin.stop());

const set = async (body: string) => {
  const answer = await fetch(`http://${admin.address}/log-level`, { method: 'POST', body });
  return [answer.status, await answer.json()];
};

describe('the log level', () => {
  it('changes while the process runs, and is said', async () => {
    log.debug('before');
    expect(await set('{"level":"debug"}')).toEqual([200, { level: 'debug', before: 'info' }]);
    log.debug('after');
    expect(lines.map(({ msg }) => msg)).toEqual(['audit', 'after']);
    const answer = await fetch(`http://${admin.address}/log-level`);
    expect(await answer.json()).toEqual({ level: 'debug' });
  });

  it('is one that there is', async () => {
    for (const body of ['{"level":"loud"}', '{"level":"info","for":1}', '7', '']) {
      expect((await set(body))[0]).toBe(400);
    }
    expect(log.level).toBe('info');
  });

  it('silences no audit line, also without an access file', async () => {
    await set('{"level":"silent"}');
    await set('{"level":"loud"}');
    log.error('not heard');
    expect(lines.map(({ action, outcome }) => [action, outcome])).toEqual([
      ['POST /log-level', 'OK'],
      ['POST /log-level', 'INVALID_ARGUMENT'],
    ]);
  });
});
