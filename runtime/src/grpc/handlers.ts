// The handlers that a generated service definition asks for, with the types of its messages.
import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  MethodDefinition,
} from '@grpc/grpc-js';

export type Handlers<D> = { readonly [Method in keyof D]: Handler<D[Method]> };

type Handler<M> =
  M extends MethodDefinition<infer Request, infer Response>
    ? M extends { readonly requestStream: false; readonly responseStream: false }
      ? handleUnaryCall<Request, Response>
      : M extends { readonly requestStream: true; readonly responseStream: false }
        ? handleClientStreamingCall<Request, Response>
        : M extends { readonly requestStream: false; readonly responseStream: true }
          ? handleServerStreamingCall<Request, Response>
          : handleBidiStreamingCall<Request, Response>
    : never;
