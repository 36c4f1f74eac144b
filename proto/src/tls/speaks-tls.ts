// Whether TLS is spoken at an address: asked after a plain connection was closed without a word, which is how a TLS server
// answers one.
import { connect } from 'node:tls';

const TIMEOUT_MS = 2_000;

/** Shakes hands and hangs up; who it is does not matter, and nothing is sent. */
export function speaksTls(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    const end = (does: boolean): void => {
      resolve(does);
      socket.destroy();
    };
    socket.unref();
    socket.setTimeout(TIMEOUT_MS, () => end(false));
    socket.once('secureConnect', () => end(true));
    socket.on('error', () => end(false));
    socket.once('close', () => end(false));
  });
}
