import { WeirError } from '@weir/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN_BODY_BYTES_MAX } from '../limits.ts';
import { createLogger } from '../telemetry/log.ts';
import { type AdminListener, startAdminServer } from './admin-server.ts';

const start = (listen = '127.0.0.1:0'): Promise<AdminListener> =>
  startAdminServer({ listen, log: createLogger('test', 'silent'), renderMetrics: async () => 'up 1\n' });

let admin: AdminListener;
beforeEach(async () => {
  admin = await start();
});
afterEach(() => admin.stop());

const call = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(`http://${admin.address}${path}`, init);
const post = (path: string, body: string): Promise<Response> => call(path, { method: 'POST', body });

describe('the admin port', () => {
  it('is alive from the start and ready only while it is said to be', async () => {
    expect((await call('/healthz')).status).toBe(200);
    expect((await call('/readyz')).status).toBe(503);
    admin.setReady(true);
    expect((await call('/readyz')).status).toBe(200);
    admin.setReady(false);
    expect((await call('/readyz')).status).toBe(503);
  });

  it('says what keeps it from being ready', async () => {
    let pages = 1;
    admin.notReady(() => `loading page ${pages}`);
    expect(await (await call('/readyz')).text()).toBe('not ready: loading page 1\n');
    pages = 2;
    expect(await (await call('/readyz')).text()).toBe('not ready: loading page 2\n');
    admin.setReady(true);
    expect(await (await call('/readyz')).text()).toBe('ready\n');
  });

  it('serves metrics as text', async () => {
    const answer = await call('/metrics');
    expect(answer.headers.get('content-type')).toContain('text/plain');
    expect(await answer.text()).toBe('up 1\n');
  });

  it('serves JSON routes', async () => {
    admin.get('/counters', async () => ({ rank_calls: 3 }));
    admin.post('/echo', (body) => body);
    expect(await (await call('/counters?x=1')).json()).toEqual({ rank_calls: 3 });
    expect(await (await post('/echo', '{"a":[1]}')).json()).toEqual({ a: [1] });
    expect(await (await post('/echo', '')).json()).toBeNull();
  });

  it('answers an error with its code and status, and goes on', async () => {
    admin.get('/full', () => {
      throw new WeirError('OVERLOADED', 'too much');
    });
    admin.get('/broken', () => {
      throw new TypeError('defect');
    });
    const full = await call('/full');
    expect([full.status, await full.json()]).toEqual([
      429,
      { error: { code: 'OVERLOADED', message: 'too much' } },
    ]);
    expect((await call('/broken')).status).toBe(500);
    expect((await call('/healthz')).status).toBe(200);
  });

  it('names its routes to who asks for another', async () => {
    admin.post('/echo', (body) => body);
    const answer = await call('/echo');
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('POST /echo');
  });

  it('refuses a body that is too large or not JSON', async () => {
    admin.post('/echo', (body) => body);
    expect((await post('/echo', '{')).status).toBe(400);
    const large = await post('/echo', JSON.stringify('x'.repeat(ADMIN_BODY_BYTES_MAX)));
    expect([large.status, await large.text()]).toEqual([
      400,
      expect.stringContaining(String(ADMIN_BODY_BYTES_MAX)),
    ]);
  });

  it('names an occupied port and what to do', async () => {
    await expect(start(admin.address)).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringMatching(new RegExp(`^${admin.address} is in use.*--admin-listen`)),
    });
  });
});
