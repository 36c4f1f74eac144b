// An attack on one HTTP route: requests in raw bytes on connections that are kept as long as the server keeps them.
import { hostileRequest } from './hostile-http.ts';
import { ENDLESS, type HttpRoute, VALID_BODIES } from './http-routes.ts';
import { Random, SEED } from './random.ts';
import { RawHttp } from './raw-http.ts';

export interface HttpTally {
  readonly statuses: Map<string, number>;
  readonly faults: Map<string, string>;
}

const CONCURRENCY = 24;
const HANG_MS = 20_000;
const SILENCE_MS = 20;

export async function attackHttp(route: HttpRoute, requests: number): Promise<HttpTally> {
  if (route.method === 'POST' && VALID_BODIES[route.name] === undefined) {
    throw new Error(`${route.name} has no valid body in http-routes.ts`);
  }
  const tally: HttpTally = { statuses: new Map(), faults: new Map() };
  const attacker = async (worker: number): Promise<void> => {
    const random = new Random(SEED, `${route.name}#${worker}`);
    const connection = new RawHttp(route.addresses[worker % route.addresses.length]!);
    for (let sent = 0; sent < Math.ceil(requests / CONCURRENCY); sent++) {
      const hostile = hostileRequest(route, random);
      const mayBeSilent = hostile.mayBeSilent || ENDLESS.has(route.name);
      const isHead = hostile.bytes.subarray(0, 5).toString() === 'HEAD ';
      const word = await connection.send(hostile.bytes, isHead, mayBeSilent ? SILENCE_MS : HANG_MS);
      tally.statuses.set(word, (tally.statuses.get(word) ?? 0) + 1);
      const isFault = word === '500' || (!mayBeSilent && (word === 'silent' || word === 'closed'));
      const fault = `${hostile.kind}: ${word}`;
      if (isFault && !tally.faults.has(fault))
        tally.faults.set(fault, hostile.bytes.toString('latin1').slice(0, 600));
      if (mayBeSilent) connection.close();
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, (_, worker) => attacker(worker)));
  return tally;
}
