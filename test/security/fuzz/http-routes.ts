// Every HTTP route that there is, from what each server says it serves: an admin port and a JSON server list their routes in the
// answer to a path that they do not know. Valid bodies of those that take one.
import type { Victims } from './victims.ts';
import { VICTIMS } from './victims.ts';

export interface HttpRoute {
  /** For people, and for what is counted once: `/healthz` of all processes is one route. */
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** `host:port` of those who serve it. */
  readonly addresses: readonly string[];
}

/** A POST route that is not listed here makes the suite fail. */
export const VALID_BODIES: Readonly<Record<string, readonly unknown[]>> = {
  'POST /v1/rank': [
    {
      id: 'serving-1',
      time: 1_700_000_000_000,
      user: 'u1',
      scene: 'shop',
      context: { user: 'u1', hour: 7 },
      docs: [
        { id: 'a', features: { doc: 'a', price: 12.5, tags: ['x'] }, exposure: { pos: '1' } },
        { id: 'b' },
      ],
    },
  ],
  'POST /v1/features': [
    {
      kind: 'request',
      id: 'serving-1',
      time: 1_700_000_000_000,
      user: 'u1',
      context: { user: 'u1' },
      docs: [{ id: 'a', features: { doc: 'a' } }],
    },
  ],
  'POST /v1/events': [
    {
      kind: 'event',
      id: 'event-1',
      type: 'click',
      request: 'serving-1',
      doc: 'a',
      time: 1_700_000_001_000,
      value: 1,
    },
    [{ id: 'event-2', type: 'click', request: 'serving-1', doc: 'a' }],
  ],
  'POST /materialise': [{}],
  'POST /static': [{ file: '/nowhere/model.onnx' }],
  'POST /log-level': [{ level: 'info' }],
};

/** Its server names no routes to callers. */
const LIVE_PATHS = [
  '/',
  '/main.js',
  '/watch',
  '/documents',
  '/documents?prefix=d',
  '/document',
  '/document?id=doc-1',
];

/** Answers that do not end. */
export const ENDLESS: ReadonlySet<string> = new Set(['GET /watch']);

export const liveRoutes = (address: string): HttpRoute[] =>
  LIVE_PATHS.map((path) => ({ name: `GET ${path}`, method: 'GET', path, addresses: [address] }));

async function routesAt(address: string): Promise<string[]> {
  const response = await fetch(`http://${address}/no/such/path`, { method: 'POST', body: '{}' });
  const { error } = (await response.json()) as { error: { message: string; known?: string[] } };
  return error.known ?? error.message.split('served here: ')[1]!.split(', ');
}

export async function findRoutes(victims: Victims): Promise<HttpRoute[]> {
  const servers = [
    ...VICTIMS.map((victim) => victims.processes[victim].admin),
    victims.http.collector,
    victims.http.predictor,
  ];
  const found = new Map<string, string[]>();
  for (const address of servers) {
    for (const route of await routesAt(address)) found.set(route, [...(found.get(route) ?? []), address]);
  }
  return [...found].map(([name, addresses]) => {
    const [method, path] = name.split(' ') as ['GET' | 'POST', string];
    return { name, method, path, addresses };
  });
}
