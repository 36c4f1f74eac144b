// What every Weir process does at start and stop.
export { Access, openAccess } from './access/access.ts';
export { tokenHash } from './access/access-policy.ts';
export { accessOf, type CallAccess, type TableName } from './access/call-access.ts';
export { clientToken } from './access/client-token.ts';
export { RULES, type Rule } from './access/rules.ts';
export { accessConfig } from './access/settings.ts';
export type { AdminServer } from './admin/admin-server.ts';
export { nearestName } from './config/nearest-name.ts';
export { type ConfigOption, configOptions, environmentKey } from './config/options.ts';
export { cutOff } from './grpc/cut-off.ts';
export { createGrpcServer, type GrpcServer, type GrpcServerOptions } from './grpc/grpc-server.ts';
export { widenReceiveWindow } from './grpc/receive-window.ts';
export { messagePrefix, sendFramed } from './grpc/send-framed.ts';
export { httpStatusOf, readJsonBody } from './http/json-body.ts';
export { type JsonServer, type JsonServerOptions, startJsonServer } from './http/json-server.ts';
export { type HttpListener, type HttpListenOptions, listenHttp } from './http/listen.ts';
export { formatHostPort, type HostPort, hostPort, listenError, parseHostPort } from './listen-address.ts';
export { freePorts } from './process/free-ports.ts';
export type { ReadyLine } from './process/ready-line.ts';
export { reportFailure } from './process/report-failure.ts';
export { type ServiceProcess, type SpawnOptions, spawnService } from './process/spawn-service.ts';
export { keepHeapSmall, tuneGarbageCollector } from './process/tune-garbage-collector.ts';
export { type RunOptions, runService } from './run-service.ts';
export {
  adminConfig,
  clientConfig,
  defineService,
  listenConfig,
  type RunningService,
  type Runtime,
  type ServiceDefinition,
} from './service.ts';
export { telemetryEndpoint } from './telemetry/endpoint.ts';
export { FRESHNESS_STAGES, type FreshnessStage, freshnessOf } from './telemetry/freshness.ts';
export { createLogger } from './telemetry/log.ts';
export { meter } from './telemetry/meter.ts';
export { observeDisk } from './telemetry/observe-disk.ts';
export { startTelemetry, type Telemetry, type TelemetryOptions } from './telemetry/start-telemetry.ts';
export { isLoopback, type ListenerSecurity, LOOPBACK_ONLY } from './tls/listener-security.ts';
export { type PeerIdentity, peerIdentity, peerIdentityOfCall } from './tls/peer-identity.ts';
export { openSecurity, type ProcessSecurity, readClientTls } from './tls/process-security.ts';
export {
  type ClientTlsSettings,
  clientTlsConfig,
  type ServerTlsSettings,
  serverTlsConfig,
} from './tls/settings.ts';
export { UsageError } from './usage-error.ts';
