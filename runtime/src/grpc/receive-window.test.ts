import { connect } from 'node:http2';
import { PredictorService } from '@weir/proto/v1/predictor';
import { expect, it, vi } from 'vitest';
import { createGrpcServer } from './grpc-server.ts';
import { widenReceiveWindow } from './receive-window.ts';

it('a client hears of the wider window, for its connection and its calls', async () => {
  const bytes = 512 * 1024;
  const server = createGrpcServer();
  server.addService(PredictorService, {
    rank: (call, callback) => {
      widenReceiveWindow(call, bytes);
      widenReceiveWindow(call, bytes);
      callback({ code: 1 });
    },
  });
  const session = connect(`http://${await server.bind('127.0.0.1:0')}`);
  const settled = new Promise((resolve) => {
    session.on('remoteSettings', ({ initialWindowSize }) => {
      if (initialWindowSize === bytes) resolve(undefined);
    });
  });
  const stream = session.request({
    ':method': 'POST',
    ':path': PredictorService.rank.path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => undefined);
  stream.end(Buffer.from([0, 0, 0, 0, 0]));
  await settled;
  // The connection's window comes in a frame of its own.
  await vi.waitFor(() => expect(session.state.remoteWindowSize).toBeGreaterThan(bytes / 2));
  session.destroy();
  await server.stop(1_000);
});
