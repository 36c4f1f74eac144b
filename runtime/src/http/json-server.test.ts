import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { WeirError } from '@weir/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseHostPort } from '../listen-address.ts';
import { type JsonServer, startJsonServer } from './json-server.ts';

let server: JsonServer;
let release: (() => void) | undefined;
const start = (listen = '127.0.0.1:0'): Promise<JsonServer> =>
  startJsonServer({
    listen,
    listenFlag: '--http-listen',
    bodyBytesMax: 100,
    routes: {
      '/v1/echo': async (body) => body,
      '/v1/bigint': async () => 1n,
      '/v1/full': async () => {
        throw new WeirError('OVERLOADED', 'too much', { retryAfterMs: 1500 });
      },
      '/v1/wait': () =>
        new Promise((resolve) => {
          release = () => resolve({ waited: true });
        }),
    },
  });
const post = (path: string, body: string): Promise<Response> =>
  fetch(`http://${server.address}${path}`, { method: 'POST', body });

beforeEach(async () => {
  release = undefined;
  server = await start();
});
afterEach(() => server.stop());

describe('JSON over HTTP', () => {
  it('answers with what the handler makes of the body', async () => {
    expect(await (await post('/v1/echo?x=1', '{"a":[1]}')).json()).toEqual({ a: [1] });
  });

  it.each([
    ['/v1/echo', '{', 400, 'INVALID_ARGUMENT'],
    ['/v1/echo', JSON.stringify('x'.repeat(100)), 400, 'INVALID_ARGUMENT'],
    ['/v1/full', '{}', 429, 'OVERLOADED'],
    ['/v1/other', '{}', 404, 'NOT_FOUND'],
    ['/toString', '{}', 404, 'NOT_FOUND'],
  ])('refuses %s with %s: %d', async (path, body, status, code) => {
    const answer = await post(path, body);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { code } });
  });

  it('says when to come back', async () => {
    expect((await post('/v1/full', '{}')).headers.get('retry-after')).toBe('2');
  });

  it('names an occupied port and what to do', async () => {
    await expect(start(server.address)).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringMatching(new RegExp(`^${server.address} is in use.*--http-listen`)),
    });
  });

  it('stops when running requests are answered, though their connections are kept alive', async () => {
    const agent = new Agent({ keepAlive: true });
    const { host, port } = parseHostPort(server.address)!;
    const answered = new Promise((resolve) => {
      const call = request({ host, port, path: '/v1/wait', method: 'POST', agent }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode));
      });
      call.end('{}');
    });
    await expect.poll(() => release).toBeDefined();
    const stopped = server.stop();
    release!();
    expect(await answered).toBe(200);
    await stopped;
    agent.destroy();
  });

  it('stops though a caller never sends the rest of its body', async () => {
    const { host, port } = parseHostPort(server.address)!;
    const half = request({ host, port, path: '/v1/echo', method: 'POST', headers: { 'content-length': 9 } });
    const cut = once(half, 'error');
    half.write('{');
    await once(half, 'socket');
    await post('/v1/echo', '{}');
    await server.stop();
    expect((await cut)[0]).toMatchObject({ code: 'ECONNRESET' });
  });

  it('survives an answer that is no JSON', async () => {
    expect((await post('/v1/bigint', '{}')).status).toBe(500);
    expect((await post('/v1/echo', '{}')).status).toBe(200);
  });
});
