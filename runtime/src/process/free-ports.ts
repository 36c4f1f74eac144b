// Ports that were free a moment ago, for processes that must know each other's address before they start.
import { createServer, type Server } from 'node:net';

// Below the ports that systems give to outgoing connections: one of those cannot take a port between its choice and its
// use, nor while its process is down for a restart.
const PORT_MIN = 20_000;
const PORT_END = 32_000;
const ATTEMPTS_MAX = 1_000;

/** `count` different loopback ports, at random. They are held together while chosen, so none repeats. */
export async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  for (let attempt = 0; held.size < count; attempt++) {
    if (attempt === ATTEMPTS_MAX) throw new Error(`found only ${held.size} of ${count} free ports`);
    const port = PORT_MIN + Math.floor(Math.random() * (PORT_END - PORT_MIN));
    const server = held.has(port) ? undefined : await tryToListen(port);
    if (server !== undefined) held.set(port, server);
  }
  await Promise.all([...held.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  return [...held.keys()];
}

function tryToListen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
