import type { TestContext } from 'node:test';
import {
  events,
  type LoggerLike,
  QUICClient,
  type QUICClientConfigInput,
  type QUICConnection,
  QUICServer,
  type QUICServerCrypto,
  QUICSocket,
  type QUICStream,
  type ResolveHostname,
  type RetryPolicy,
  type StreamCodeToReason,
  type StreamReasonToCode,
  utils,
} from '@matrixai/quic';
import { on, once } from './events.js';
import type { IO } from './io.js';

type CommonOptions = {
  config?: QUICClientConfigInput;
  socket?: QUICSocket;
  reasonToCode?: StreamReasonToCode;
  codeToReason?: StreamCodeToReason;
  logger?: LoggerLike;
};

export type ServerOptions = CommonOptions & {
  host?: string;
  /** A free one if it is left out. */
  port?: number;
  retry?: RetryPolicy;
  crypto?: QUICServerCrypto;
  minIdleTimeout?: number;
  maxConnections?: number;
  /** Gets every stream that a client opens. */
  onStream?: (stream: QUICStream) => void;
};

export type ClientOptions = CommonOptions & {
  host?: string;
  localHost?: string;
  serverName?: string;
  session?: Uint8Array;
  resolveHostname?: ResolveHostname;
  autoSelectFamily?: boolean;
  autoSelectFamilyAttemptTimeout?: number;
  minIdleTimeout?: number;
  signal?: AbortSignal;
};

export type Pair = {
  server: QUICServer;
  client: QUICClient;
  /** The client's end. */
  connection: QUICConnection;
  /** The server's end. */
  serverConnection: QUICConnection;
};

/** Key and certificate of the servers, which the clients take as their CA. */
export const credentials = utils.selfSigned();

/** Starts a socket that ends with the test. */
export async function startSocket(
  t: TestContext,
  io: IO,
  options: Parameters<QUICSocket['start']>[0] = { host: '127.0.0.1' },
): Promise<QUICSocket> {
  const socket = new QUICSocket({ io });
  t.after(() => socket.stop({ force: true }));
  await socket.start(options);
  return socket;
}

/** Starts a server that ends with the test. */
export async function startServer(
  t: TestContext,
  io: IO,
  options: ServerOptions = {},
): Promise<QUICServer> {
  const { config, socket, host = '127.0.0.1', port, ...rest } = options;
  const { onStream, ...common } = rest;
  const all = { config: { ...credentials, ...config }, ...common };
  const server =
    socket === undefined
      ? new QUICServer({ ...all, io })
      : new QUICServer({ ...all, socket });
  t.after(() => server.stop({ force: true }));
  if (onStream !== undefined) {
    on(server, events.EventQUICServerConnection, ({ detail: connection }) => {
      on(connection, events.EventQUICConnectionStream, ({ detail: stream }) =>
        onStream(stream),
      );
    });
  }
  await server.start({ host, port });
  return server;
}

/** Makes a client that ends with the test. */
export async function connect(
  t: TestContext,
  io: IO,
  port: number,
  { config, socket, host = '127.0.0.1', ...rest }: ClientOptions = {},
): Promise<QUICClient> {
  const options = {
    host,
    port,
    config: { ca: credentials.cert, ...config },
    ...rest,
  };
  const client = await (socket === undefined
    ? QUICClient.createQUICClient({ ...options, io })
    : QUICClient.createQUICClient({ ...options, socket }));
  t.after(() => client.destroy({ force: true }));
  return client;
}

/** Makes a server with one client, which end with the test. */
export async function pair(
  t: TestContext,
  io: IO,
  options: { server?: ServerOptions; client?: ClientOptions } = {},
): Promise<Pair> {
  const server = await startServer(t, io, options.server);
  const accepted = once(server, events.EventQUICServerConnection);
  const client = await connect(t, io, server.port, options.client);
  const { detail: serverConnection } = await accepted;
  return { server, client, connection: client.connection, serverConnection };
}

/**
 * Opens a stream and waits for the peer's end of it. The peer learns of a stream
 * by its first bytes, so one byte is sent and read.
 */
export async function openStream(
  connection: QUICConnection,
  peer: QUICConnection,
  type?: 'bidi' | 'uni',
): Promise<[QUICStream, QUICStream]> {
  const arrived = once(peer, events.EventQUICConnectionStream);
  const stream = connection.newStream(type);
  const writer = stream.writable.getWriter();
  await writer.write(new Uint8Array(1));
  writer.releaseLock();
  const { detail: peerStream } = await arrived;
  const reader = peerStream.readable.getReader();
  await reader.read();
  reader.releaseLock();
  return [stream, peerStream];
}

export type Side = 'client' | 'server';

export const sides: ReadonlyArray<Side> = ['client', 'server'];

/** The end that opens streams, and its peer. */
export type Ends = Pair & { local: QUICConnection; peer: QUICConnection };

/** Makes a server with one client, of which one is to open streams. */
export async function ends(
  t: TestContext,
  io: IO,
  opener: Side,
  options?: Parameters<typeof pair>[2],
): Promise<Ends> {
  const made = await pair(t, io, options);
  const { connection, serverConnection } = made;
  return opener === 'client'
    ? { ...made, local: connection, peer: serverConnection }
    : { ...made, local: serverConnection, peer: connection };
}
