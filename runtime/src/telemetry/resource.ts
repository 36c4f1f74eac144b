// Who sends: the attributes that every span, metric and log line of a process has.
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import {
  defaultResource,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';

export interface Identity {
  /** `weir-ps`, `weir-replay`. */
  readonly service: string;
  /** A shard's id, a member's name; default: the host and the process's number. */
  readonly instance: string | undefined;
}

/** OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME come before what we say. */
export function processResource({ service, instance }: Identity): Resource {
  return defaultResource()
    .merge(
      resourceFromAttributes({
        'service.name': service,
        'service.namespace': 'weir',
        'service.instance.id': instance ?? `${hostname()}/${process.pid}`,
        'service.version': version(),
        'host.name': hostname(),
        'process.pid': process.pid,
        'process.runtime.name': 'nodejs',
        'process.runtime.version': process.versions.node,
      }),
    )
    .merge(resourceFromAttributes(envDetector.detect().attributes ?? {}));
}

/** All packages have the same. */
function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
