import { describe, expect, it } from 'vitest';
import { telemetrySettings } from './settings.ts';

const settings = (env: NodeJS.ProcessEnv, endpoint?: string) =>
  telemetrySettings({ endpoint, env, ratio: 0.01 });
const BASE = 'http://collector:4318';

describe('what is sent', () => {
  it.each([
    [{}, undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: BASE, OTEL_SDK_DISABLED: 'true' }, undefined],
    [{ OTEL_TRACES_SAMPLER: 'always_on' }, undefined],
  ])('is nothing with %j', (env, endpoint) => {
    expect(settings(env, endpoint)).toBeUndefined();
  });

  it('is everything, with an endpoint alone', () => {
    const urls = {
      traces: `${BASE}/v1/traces`,
      metrics: `${BASE}/v1/metrics`,
      logs: `${BASE}/v1/logs`,
    };
    expect(settings({ OTEL_EXPORTER_OTLP_ENDPOINT: `${BASE}/` })?.urls).toEqual(urls);
    expect(settings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://other' }, BASE)?.urls).toEqual(urls);
  });

  it('is left out where its exporter is none, and goes to an endpoint of its own as it stands', () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: BASE,
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://prometheus:9090/api/v1/otlp',
    };
    expect(settings(env)?.urls).toEqual({
      traces: `${BASE}/v1/traces`,
      metrics: 'http://prometheus:9090/api/v1/otlp',
    });
  });
});

describe('the sampler', () => {
  const sampler = (env: NodeJS.ProcessEnv) => settings(env, BASE)?.sampler;

  it.each([
    [undefined, undefined, { isParentBased: true, ratio: 0.01 }],
    ['parentbased_traceidratio', '0.25', { isParentBased: true, ratio: 0.25 }],
    ['traceidratio', '0.25', { isParentBased: false, ratio: 0.25 }],
    ['parentbased_traceidratio', undefined, { isParentBased: true, ratio: 1 }],
    ['parentbased_always_on', '0.5', { isParentBased: true, ratio: 1 }],
    ['always_on', undefined, { isParentBased: false, ratio: 1 }],
    ['parentbased_always_off', undefined, { isParentBased: true, ratio: 0 }],
    ['always_off', undefined, { isParentBased: false, ratio: 0 }],
  ])('%s of %s is %j', (name, share, expected) => {
    const env = { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: share };
    expect(sampler(env)).toEqual(expected);
  });
});

it('what is not understood is said, and something sensible done', () => {
  const env = {
    OTEL_TRACES_SAMPLER: 'xray',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'nowhere',
  };
  const found = telemetrySettings({ endpoint: undefined, env, ratio: 0.01 });
  expect(found?.urls).toEqual({});
  expect(found?.sampler).toEqual({ isParentBased: true, ratio: 0.01 });
  expect(found?.notUnderstood).toHaveLength(3);
  const share = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '7' };
  expect(settings(share, BASE)?.notUnderstood).toEqual([expect.stringContaining('no share from 0 to 1')]);
});
