import {
  events,
  type QUICConnection,
  QUICServer,
  type QUICStream,
  type SocketIO,
  utils,
} from '@matrixai/quic';
import type { Address } from './options.js';
import { type Digest, send, timeouts } from './transfer.js';

export interface EchoServer {
  server: QUICServer;
  /** PEM; made in memory, so the client must be told it to verify it. */
  cert: string;
}

/**
 * Starts a server that sends back what it receives on each stream.
 *
 * @param onEcho - called for each stream with the outcome of its echo
 */
export async function startServer(
  address: Address,
  io: SocketIO,
  onEcho: (connection: QUICConnection, echo: Promise<Digest>) => void,
): Promise<EchoServer> {
  const { key, cert } = utils.selfSigned();
  const server = new QUICServer({
    io,
    config: { key, cert, verifyPeer: false, ...timeouts },
  });
  server.addEventListener(
    events.EventQUICServerConnection.name,
    ({ detail: connection }: events.EventQUICServerConnection) => {
      connection.addEventListener(
        events.EventQUICConnectionStream.name,
        ({ detail: stream }: events.EventQUICConnectionStream) => {
          if (stream.type === 'bidi') onEcho(connection, echo(stream));
        },
      );
    },
  );
  await server.start(address);
  return { server, cert };
}

function echo(stream: QUICStream): Promise<Digest> {
  return send(stream.readable, stream.writable);
}
