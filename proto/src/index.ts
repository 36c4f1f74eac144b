export type { Context, Span, SpanContext } from '@opentelemetry/api';
export {
  CANARY_EVENT,
  CANARY_LOOK,
  CANARY_TABLE,
  CANARY_TOKEN_MAX,
  canaryKeys,
  canaryServingId,
  canaryToken,
  isCanary,
} from './canary.ts';
export {
  encodeFeatureBlock,
  type FeatureBlockInput,
  type FeatureValue,
  type FeatureValues,
} from './encode-feature-block.ts';
export { ERROR_CODES, type ErrorCode, type ErrorCodeInfo, isErrorCode } from './error-codes.ts';
export { groupDataHead } from './group-data.ts';
export {
  canReduce,
  decodePartReduce,
  decodePartType,
  encodePartReduce,
  encodePartType,
  isPartReduce,
  isPartType,
  type PartReduce,
  type PartType,
  VALUE_BYTES,
} from './group-parts.ts';
export { xxHash64, xxHash64OfBytes } from './hash.ts';
export { KeyIndex } from './key-index.ts';
export {
  bytesOf,
  copied,
  KEY_BYTES,
  keyCount,
  keysFromBytes,
  type PackedKeys,
  packKeys,
  unpackKeys,
} from './keys.ts';
export {
  CLIENT_ID_LENGTH_MAX,
  CLOCK_INTERVAL_MS,
  DIM_MAX,
  DOCUMENTS_MAX,
  FEATURES_MAX,
  FRAME_BYTES,
  GROUP_FRAME_BYTES,
  GROUP_MEMBERS_MAX,
  GROUP_NAME_BYTES_MAX,
  GROUP_PARTS_MAX,
  GROUP_PAYLOAD_BYTES_MAX,
  LEASE_MS_MAX,
  LEASE_MS_MIN,
  MESSAGE_BYTES_MAX,
  PULL_BYTES_MAX,
  PUSH_BYTES_MAX,
  PUSHES_IN_FLIGHT_MAX,
  RECORD_BYTES_MAX,
  SLOT_COUNT,
  SOURCE_RANGES_MAX,
  SPAN_LINKS_MAX,
  TABLE_NAME_LENGTH_MAX,
  TRACED_KEYS_MAX,
} from './limits.ts';
export {
  layOutPullResponse,
  PULL_RESPONSE_START,
  PullFrame,
  type PullResponseLayout,
  type PullResultLayout,
  writePullResponse,
} from './pull-frame.ts';
export {
  encodeSourceRanges,
  PushFrame,
  type PushFrameHeader,
  type PushFramePart,
  pushTraceHead,
} from './push-frame.ts';
export { freeReceived } from './received-data.ts';
export { slotOfName } from './slot-of-name.ts';
export { fmix64, mixed, slotOf, slotsOf } from './slots.ts';
export type { Admission, Initializer, Optimizer, TableDefinition } from './table-definition.ts';
export { requireToken, type TokenSource } from './tls/bearer-token.ts';
export { ClientCredentials, type ClientIdentity } from './tls/client-credentials.ts';
export { type HandshakeFailure, handshakeFailure, tokenInClearText } from './tls/handshake-failure.ts';
export { secureCalls } from './tls/secure-calls.ts';
export type { TlsOptions, TlsSource } from './tls/tls-options.ts';
export { tracedCalls } from './tracing/client-interceptor.ts';
export {
  beginMessage,
  beginRpc,
  endRpc,
  endRpcWith,
  isTraced,
  type RpcStart,
  serverAttributes,
} from './tracing/rpc-spans.ts';
export {
  type MessagingOperation,
  messagingAttributes,
  SPAN_ATTRIBUTES,
  type SpanAttribute,
  type SpanAttributes,
} from './tracing/span-attributes.ts';
export {
  activeContext,
  activeSpan,
  annotate,
  batchSpan,
  beginSpan,
  childSpan,
  failSpan,
  inSpan,
  inTraceOf,
  outsideTraces,
  remoteContext,
  type SpanStart,
  sampledNow,
  TraceSample,
} from './tracing/spans.ts';
export {
  isSampled,
  sampledIn,
  TRACE_PARENT,
  TRACE_PARENT_BYTES,
  TRACE_STATE,
  type TraceHeaders,
  traceHeaders,
  traceParentBytes,
  traceParentOf,
  traceParentOfBytes,
  traceParentText,
} from './tracing/trace-context.ts';
export { decodeValues, encodeValues, floatsFromBytes, u32FromBytes } from './values.ts';
export { travelling, WeirError, type WeirErrorDetails } from './weir-error.ts';
