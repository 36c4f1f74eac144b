// The settings of TLS, the same for every process: what its listeners show, and what its clients trust and show.
import { z } from 'zod';

const file = () => z.string().min(1).meta({ placeholder: 'FILE' });

/** Of every process: each has listeners. */
export const serverTlsConfig = {
  tlsCert: file()
    .optional()
    .describe(
      'certificate of every listener of this process, PEM with its chain; read again when it changes',
    ),
  tlsKey: file().optional().describe('its private key, PEM'),
  tlsClientCa: file()
    .optional()
    .describe('CAs of clients, PEM: a client must show a certificate of one of them (mutual TLS)'),
  insecure: z
    .boolean()
    .default(false)
    .describe(
      'listen without TLS, or with TLS for anybody, on addresses that other machines reach; show tokens over plain connections',
    ),
};

/** Of processes and verbs that call others. */
export const clientTlsConfig = {
  ca: file()
    .optional()
    .describe('call other services over TLS and trust these CAs, PEM; "system": the ones that Node trusts'),
  clientCert: file().optional().describe('certificate to show to other services, PEM with its chain'),
  clientKey: file().optional().describe('its private key, PEM'),
  serverName: z
    .string()
    .min(1)
    .optional()
    .describe("name in the other services' certificates, where it is not the host of their address")
    .meta({ placeholder: 'NAME' }),
};

export type ServerTlsSettings = z.infer<z.ZodObject<typeof serverTlsConfig>>;
export type ClientTlsSettings = z.infer<z.ZodObject<typeof clientTlsConfig>>;
