// Raw QUIC of @currentspace/http3, in the runtime mode that the first argument
// names. Its own flow-control windows serve it best.
import {
  connectQuicAsync,
  createQuicServer,
  type QuicStream,
} from '@currentspace/http3';
import {
  credentials,
  type Handlers,
  host,
  type Transport,
} from '../transport.ts';
import { run } from '../worker.ts';
import { readNode, writeNode } from './node.ts';

const options = {
  runtimeMode: process.argv[2] as 'portable' | 'fast',
  fallbackPolicy: 'error',
  maxIdleTimeoutMs: 600_000,
} as const;

/** It has no unidirectional streams: bulk is what begins with a zero. */
function serve(
  stream: QuicStream,
  { onReceived, onRead, onIdle }: Handlers,
): void {
  stream.on('error', () => {});
  if (onIdle) {
    onIdle();
    return;
  }
  let received = 0;
  const message: Array<Buffer> = [];
  stream.on('data', (chunk: Buffer) => {
    if (message.length > 0 || (received === 0 && chunk[0] !== 0)) {
      message.push(chunk);
    } else {
      onRead?.(chunk.length);
    }
    received += chunk.length;
  });
  stream.on('end', () => {
    stream.end(message.length === 1 ? message[0] : Buffer.concat(message));
    if (message.length === 0) onReceived?.(received);
  });
}

const transport: Transport = {
  async listen(handlers) {
    const server = createQuicServer({
      ...options,
      ...credentials,
      initialMaxStreamsBidi: handlers.streams ?? 100,
    });
    server.on('session', (session) => {
      session.on('error', () => {});
      session.on('stream', (stream) => serve(stream, handlers));
    });
    const { port } = await server.listen(0, host);
    return { port, close: () => server.close() };
  },

  async connect(port) {
    const session = await connectQuicAsync(
      { address: host, port, servername: 'localhost' },
      { ...options, ca: credentials.cert },
    );
    session.on('error', () => {});
    const open = () => session.openStream().on('error', () => {});
    return {
      send: (total) => writeNode(open().resume(), total),
      echo: (message) => {
        const stream = session.openStream();
        const reply = readNode(stream);
        stream.end(message);
        return reply;
      },
      idle: () => {
        open().write(Buffer.alloc(1));
      },
      rtt: () => session.getMetrics()!.rttMs,
      close: () => session.close(),
    };
  },
};

await run(transport);
