// Binding an HTTP server to a setting's address.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WeirError } from '@weir/proto';
import { formatHostPort, listenError, parseHostPort } from '../listen-address.ts';

/** The address bound. `flag` is the setting to change: WeirError CONFIGURATION names it if the address is taken. */
export function listenHttp(server: Server, address: string, flag: string): Promise<string> {
  const wanted = parseHostPort(address);
  if (wanted === undefined) throw new WeirError('CONFIGURATION', `${flag} "${address}" is not HOST:PORT`);
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(address, flag, error)));
    server.listen(wanted.port, wanted.host, () => {
      const { port } = server.address() as AddressInfo;
      resolve(formatHostPort({ host: wanted.host, port }));
    });
  });
}
