// Requests that are no good, as raw bytes: of a route's own, bent in its line, its headers or its body.
import { HTTP_HEADER_BYTES_MAX } from '../../../runtime/src/limits.ts';
import { type HttpRoute, VALID_BODIES } from './http-routes.ts';
import type { Random } from './random.ts';

export interface HostileHttp {
  readonly bytes: Buffer;
  readonly kind: string;
  /** The server may answer nothing, wait for more, or close. */
  readonly mayBeSilent: boolean;
}

/** Of which the first 13 are no HTTP as it should be. */
const SHAPES = 100;

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'BREW',
  'get',
  '',
];
const PATHS = [
  '/../../etc/passwd',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/..%5c..%5cwindows',
  '//',
  '//evil.example/x',
  'http://evil.example/',
  '*',
  '/%',
  '/%00',
  '/__proto__',
  '/constructor',
  '/\u00ff',
  '/?',
  `/${'a'.repeat(4_000)}`,
  '/#',
  'no-slash',
];
const VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  -0.5,
  2 ** 53,
  '',
  '\u0000',
  '\ud800',
  'x'.repeat(5_000),
  [],
  {},
  [[]],
  ['x', 1, null],
  { __proto__x: 1 },
  Number.MAX_VALUE,
];

function mutated(value: unknown, random: Random): unknown {
  if (random.chance(0.15)) return random.pick(VALUES);
  if (Array.isArray(value)) {
    const items = value.map((item) => (random.chance(0.3) ? mutated(item, random) : item));
    if (random.chance(0.05)) return new Array(random.pick([100, 5_000])).fill(items[0] ?? null);
    return random.chance(0.2) ? [...items, random.pick(VALUES)] : items;
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).flatMap(([name, inner]) =>
      random.chance(0.1) ? [] : [[name, random.chance(0.4) ? mutated(inner, random) : inner]],
    );
    if (random.chance(0.15))
      entries.push([random.pick(['__proto__', 'constructor', 'extra', '', 'id']), random.pick(VALUES)]);
    return Object.fromEntries(entries);
  }
  return random.chance(0.5) ? random.pick(VALUES) : value;
}

function hostileBody(valid: readonly unknown[], random: Random): Buffer {
  const text = JSON.stringify(mutated(random.pick(valid), random)) ?? 'undefined';
  switch (random.below(12)) {
    case 0:
      return Buffer.from(text.slice(0, random.below(text.length + 1)));
    case 1:
      return Buffer.from('['.repeat(random.pick([1, 100, 20_000])));
    case 2: {
      const depth = random.pick([10, 1_000, 20_000]);
      return Buffer.from('{"a":'.repeat(depth) + 1 + '}'.repeat(depth));
    }
    case 3:
      return random.bytes(random.below(200));
    case 4:
      return Buffer.from(text.replace(/"time":\d+/, '"time":1e999').replace('{', '{"__proto__":{"a":1},'));
    case 5:
      return Buffer.alloc(0);
    case 6:
      return Buffer.from(`\ufeff${text}`);
    case 7:
      return Buffer.from(`${text.slice(0, -1)},"docs":1,"docs":2}`);
    default:
      return Buffer.from(text);
  }
}

export function hostileRequest({ method, path, name }: HttpRoute, random: Random): HostileHttp {
  const body = method === 'POST' ? hostileBody(VALID_BODIES[name]!, random) : Buffer.from('{}');
  const plain = (
    line: string,
    headers: string,
    content: Buffer,
    kind: string,
    mayBeSilent = false,
  ): HostileHttp => ({
    bytes: Buffer.concat([Buffer.from(`${line} HTTP/1.1\r\nhost: x\r\n${headers}\r\n`, 'latin1'), content]),
    kind,
    mayBeSilent,
  });
  const sized = `content-length: ${body.length}\r\n`;
  const line = `${method} ${path}`;
  switch (random.below(SHAPES)) {
    case 0:
      return plain(`${random.pick(METHODS)} ${path}`, sized, body, 'method', true);
    case 1:
      return plain(`${method} ${random.pick(PATHS)}`, sized, body, 'path', true);
    case 2:
      return plain(
        `${method} ${path}${random.pick(['/', '/..', '%00', '?x=%', '?a=b&a=c', ';x', '//'])}`,
        sized,
        body,
        'path',
        true,
      );
    case 3:
      return plain(
        line,
        `${sized}content-type: ${random.pick(['text/xml', 'multipart/form-data', '', 'x'.repeat(500)])}\r\n`,
        body,
        'type',
      );
    case 4:
      return plain(
        line,
        `x: ${'y'.repeat(random.pick([100, HTTP_HEADER_BYTES_MAX - 300, HTTP_HEADER_BYTES_MAX + 1]))}\r\n${sized}`,
        body,
        'long header',
        true,
      );
    case 5:
      return plain(
        line,
        `${'x: y\r\n'.repeat(random.pick([10, 1_000, 3_000]))}${sized}`,
        body,
        'many headers',
        true,
      );
    case 6:
      return plain(
        line,
        `content-length: ${random.pick(['-1', '1e3', '0x10', '99999999999999999999', '1, 2', 'abc'])}\r\n`,
        body,
        'length',
        true,
      );
    case 7:
      return plain(
        line,
        `content-length: ${body.length + 1 + random.below(50)}\r\n`,
        body,
        'half a body',
        true,
      );
    case 8:
      return plain(
        line,
        `transfer-encoding: chunked\r\n${random.chance(0.5) ? sized : ''}`,
        Buffer.from(
          random.pick([
            'zz\r\n',
            '5\r\nab',
            'ffffffffffffffff\r\n',
            '-1\r\n',
            '0\r\n\r\n',
            '1;x\r\n{\r\n0\r\n\r\n',
          ]),
        ),
        'chunks',
        true,
      );
    case 9:
      return {
        bytes: Buffer.concat([random.bytes(random.below(80)), Buffer.from('\r\n\r\n')]),
        kind: 'noise',
        mayBeSilent: true,
      };
    case 10:
      return {
        bytes: Buffer.from(`${line} HTTP/${random.pick(['0.9', '1.0', '2.0', '9.9', 'x'])}\r\n\r\n`),
        kind: 'version',
        mayBeSilent: true,
      };
    case 11:
      return plain(
        line,
        `${random.pick(['expect: 100-continue', 'expect: nonsense', 'upgrade: websocket\r\nconnection: upgrade', 'upgrade: h2c\r\nconnection: upgrade', 'x\u0000: y', ' folded: y', 'x : y', 'traceparent: 00-zz'])}\r\n${sized}`,
        body,
        'header',
        true,
      );
    case 12:
      return { bytes: Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), kind: 'HTTP/2', mayBeSilent: true };
    default:
      return plain(line, sized, body, 'body');
  }
}
