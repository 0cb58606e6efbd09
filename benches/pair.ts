import {
  events,
  QUICClient,
  type QUICConnection,
  QUICServer,
  QUICSocket,
  type QUICStream,
  type SocketIO,
  utils,
} from '@matrixai/quic';

const host = '127.0.0.1';

/**
 * A server and a client, each on a loopback UDP socket of its own, with one
 * connection between them.
 */
export interface Pair {
  connection: QUICConnection;
  /** Opens a further connection from the client's socket. */
  connect(): Promise<QUICClient>;
  /** Resolves with the length of the next uni stream that the server reads. */
  received(): Promise<number>;
  close(): Promise<void>;
}

export async function createPair(io: SocketIO): Promise<Pair> {
  const { key, cert } = utils.selfSigned();
  const server = new QUICServer({
    io,
    config: { key, cert, verifyPeer: false },
  });
  let settleReceived: (received: Promise<number>) => void = () => {};
  server.addEventListener(
    events.EventQUICServerConnection.name,
    ({ detail: connection }: events.EventQUICServerConnection) => {
      connection.addEventListener(
        events.EventQUICConnectionStream.name,
        ({ detail: stream }: events.EventQUICConnectionStream) => {
          if (stream.type === 'uni') settleReceived(count(stream));
          else echo(stream);
        },
      );
    },
  );
  await server.start({ host });
  const socket = new QUICSocket({ io });
  await socket.start({ host });
  const connect = () =>
    QUICClient.createQUICClient({
      host,
      port: server.port,
      socket,
      config: { verifyPeer: true, ca: cert },
    });
  const client = await connect();
  return {
    connection: client.connection,
    connect,
    received: () =>
      new Promise((resolve) => {
        settleReceived = resolve;
      }),
    async close() {
      await client.destroy({ force: true });
      await socket.stop({ force: true });
      await server.stop({ force: true });
    },
  };
}

async function count(stream: QUICStream): Promise<number> {
  let received = 0;
  for await (const chunk of stream.readable) received += chunk.byteLength;
  return received;
}

async function echo(stream: QUICStream): Promise<void> {
  const chunks: Array<Uint8Array> = [];
  try {
    for await (const chunk of stream.readable) chunks.push(chunk);
    const writer = stream.writable.getWriter();
    await Promise.all([writer.write(join(chunks)), writer.close()]);
  } catch {
    // The client sees the reset of its stream, or its connection closed.
  }
}

/** One buffer with all the bytes, without a copy when they came in one. */
export function join(chunks: Array<Uint8Array>): Uint8Array {
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}
