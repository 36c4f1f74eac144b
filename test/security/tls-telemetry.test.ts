// Telemetry goes over TLS with what OpenTelemetry's own variables say, and to nobody who is not of the authority.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runWeir } from '../e2e/run-weir.ts';
import { issueForLoopback, makeAuthority, writeIdentity } from './certificates.ts';

let folder: string;
let endpoint: Server;
let url: string;
/** `path common-name` of each request. */
let received: string[];
let env: NodeJS.ProcessEnv;
let otherCa: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-otlp-'));
  const [authority, other] = await Promise.all([makeAuthority(), makeAuthority()]);
  const server = await issueForLoopback(authority);
  const client = writeIdentity(folder, 'client', await authority.issue({ name: 'verb', purpose: 'client' }));
  const ca = join(folder, 'ca.crt');
  otherCa = join(folder, 'other.crt');
  writeFileSync(ca, authority.certificate);
  writeFileSync(otherCa, other.certificate);
  const options = { cert: server.certificate, key: server.key, ca: authority.certificate, requestCert: true };
  endpoint = createServer(options, (request, response) => {
    received.push(`${request.url} ${(request.socket as TLSSocket).getPeerCertificate().subject.CN}`);
    request.resume();
    response.end();
  }).listen(0, '127.0.0.1');
  await once(endpoint, 'listening');
  url = `https://127.0.0.1:${(endpoint.address() as AddressInfo).port}`;
  env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_CERTIFICATE: ca,
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: client.certificate,
    OTEL_EXPORTER_OTLP_CLIENT_KEY: client.key,
    OTEL_TRACES_SAMPLER: 'always_on',
  };
});
afterAll(() => {
  endpoint.close();
  endpoint.closeAllConnections();
  rmSync(folder, { recursive: true });
});

const VERB = ['size', '--rows', '1000', '--dim', '4', '--optimizer', 'sum'];

describe('telemetry over TLS', () => {
  it('shows its certificate to an endpoint of the authority that it trusts', async () => {
    received = [];
    expect(await runWeir(VERB, env)).toMatchObject({ code: 0 });
    expect(received).toContain('/v1/traces verb');
  });

  it('sends nothing to one of another authority, and the verb works all the same', async () => {
    received = [];
    expect(await runWeir(VERB, { ...env, OTEL_EXPORTER_OTLP_CERTIFICATE: otherCa })).toMatchObject({
      code: 0,
    });
    expect(received).toEqual([]);
  });
});
