// An application as it is written for version 2. It uses all of its public API, and must compile
// against either version: the build compiles it against this one, a test against
// the declarations of version 2. It is not run.
import type { PromiseCancellable } from '@matrixai/async-cancellable';
import Logger from '@matrixai/logger';
import type {
  Address,
  Callback,
  Class,
  ClientCryptoOps,
  ConnectionId,
  ConnectionIdString,
  ConnectionMetadata,
  Host,
  Hostname,
  Opaque,
  Port,
  PromiseDeconstructed,
  QUICClientConfigInput,
  QUICClientCrypto,
  QUICConfig,
  QUICServerConfigInput,
  QUICServerCrypto,
  QUICStreamMap,
  RemoteInfo,
  ResolveHostname,
  ServerCryptoOps,
  StreamCodeToReason,
  StreamId,
  StreamReasonToCode,
  TLSVerifyCallback,
} from '@matrixai/quic';
import {
  errors,
  events,
  native,
  QUICClient,
  type QUICConnection,
  QUICConnectionId,
  QUICConnectionMap,
  QUICServer,
  QUICSocket,
  type QUICStream,
  utils,
} from '@matrixai/quic';

const logger = new Logger('consumer');
const bytes = new Uint8Array(8);

const clientOps: ClientCryptoOps = { randomBytes: async () => {} };
const serverOps: ServerCryptoOps = {
  sign: async (_key, data) => data,
  verify: async () => true,
};
const clientCrypto: QUICClientCrypto = { ops: clientOps };
const serverCrypto: QUICServerCrypto = {
  key: new ArrayBuffer(32),
  ops: serverOps,
};
const resolveHostname: ResolveHostname = async (name) => name;
const reasonToCode: StreamReasonToCode = (type, reason) =>
  type === 'read' && reason instanceof Error ? 1 : 0;
const codeToReason: StreamCodeToReason = (type, code) =>
  new Error(`${type} ${code}`);
const verifyCallback: TLSVerifyCallback = async (certs, ca) =>
  certs.length > ca.length ? native.CryptoError.BadCertificate : undefined;

const config: QUICConfig = {
  ca: ['pem', 'pem'],
  key: 'pem',
  cert: [bytes],
  sigalgs: 'ed25519',
  verifyPeer: true,
  verifyCallback,
  logKeys: 'keys.log',
  grease: true,
  keepAliveIntervalTime: 500,
  maxIdleTimeout: 1000,
  maxRecvUdpPayloadSize: 1350,
  maxSendUdpPayloadSize: 1350,
  initialMaxData: 1,
  initialMaxStreamDataBidiLocal: 1,
  initialMaxStreamDataBidiRemote: 1,
  initialMaxStreamDataUni: 1,
  initialMaxStreamsBidi: 1,
  initialMaxStreamsUni: 1,
  maxConnectionWindow: 1,
  maxStreamWindow: 1,
  enableDgram: [false, 0, 0],
  disableActiveMigration: true,
  applicationProtos: ['quic'],
  enableEarlyData: true,
  readableChunkSize: 4096,
};
const clientConfig: QUICClientConfigInput = { ca: bytes, verifyPeer: false };
const serverConfig: QUICServerConfigInput = { key: ['pem'], cert: 'pem' };

export async function socket(server: QUICServer): Promise<void> {
  const socket = new QUICSocket({ resolveHostname, logger });
  await socket.start({
    host: '::',
    port: 0,
    reuseAddr: true,
    ipv6Only: false,
  });
  await socket.start();
  const host: Host = socket.host;
  const port: Port = socket.port;
  const type: 'ipv4' | 'ipv6' | 'ipv4&ipv6' = socket.type;
  const closed: boolean = socket.closed;
  let sent: number = await socket.send('message', port, host);
  sent = await socket.send(bytes, 0, 4, port, host);
  sent = await socket.send(['a', bytes], port, host);
  sent = await socket.send_(bytes, 0, 4, port, host);
  socket.setServer(server);
  socket.unsetServer();
  listen<events.EventQUICSocketStart>(socket, events.EventQUICSocketStart);
  listen<events.EventQUICSocketStarted>(socket, events.EventQUICSocketStarted);
  listen<events.EventQUICSocketStop>(socket, events.EventQUICSocketStop);
  listen<events.EventQUICSocketStopped>(socket, events.EventQUICSocketStopped);
  listen<events.EventQUICSocketError>(
    socket,
    events.EventQUICSocketError,
    ({ detail }) => use(detail satisfies errors.ErrorQUICSocketInternal<any>),
  );
  listen<events.EventQUICSocketClose>(
    socket,
    events.EventQUICSocketClose,
    ({ detail }) => use(detail?.cause),
  );
  await socket.stop({ force: true });
  await socket.closedP;
  use(type, closed, sent);
}

export async function server(socket: QUICSocket): Promise<void> {
  const server = new QUICServer({
    crypto: serverCrypto,
    config: serverConfig,
    resolveHostname,
    reasonToCode,
    codeToReason,
    minIdleTimeout: 5000,
    logger,
  });
  const shared = new QUICServer({
    crypto: serverCrypto,
    config: { ...config, key: 'pem', cert: 'pem' },
    socket,
  });
  server.reasonToCode = shared.reasonToCode;
  server.codeToReason = shared.codeToReason;
  server.minIdleTimeout = shared.minIdleTimeout;
  await server.start({ host: '127.0.0.1', port: 0 });
  const address: [Host, Port] = [server.host, server.port];
  const isSocketShared: boolean = server.isSocketShared;
  server.updateConfig({ ...clientConfig, maxIdleTimeout: 1 });
  server.updateCrypto({ key: serverCrypto.key });
  listen<events.EventQUICServerStart>(server, events.EventQUICServerStart);
  listen<events.EventQUICServerStarted>(server, events.EventQUICServerStarted);
  listen<events.EventQUICServerStop>(server, events.EventQUICServerStop);
  listen<events.EventQUICServerStopped>(server, events.EventQUICServerStopped);
  listen<events.EventQUICServerConnection>(
    server,
    events.EventQUICServerConnection,
    ({ detail }) => connection(detail),
  );
  listen<events.EventQUICServerError>(
    server,
    events.EventQUICServerError,
    ({ detail }) =>
      use(
        detail satisfies
          | errors.ErrorQUICServerSocketNotRunning<any>
          | errors.ErrorQUICServerInternal<any>,
      ),
  );
  listen<events.EventQUICServerClose>(
    server,
    events.EventQUICServerClose,
    ({ detail }) => use(detail?.message),
  );
  await server.stop({
    isApp: false,
    errorCode: native.ConnectionErrorCode.InternalError,
    reason: bytes,
    force: false,
  });
  const closed: boolean = server.closed;
  await server.closedP;
  use(address, isSocketShared, closed);
}

export async function client(socket: QUICSocket): Promise<void> {
  const creating: PromiseCancellable<QUICClient> = QUICClient.createQUICClient(
    {
      host: 'localhost',
      port: 1,
      serverName: 'name',
      localHost: '::',
      localPort: 0,
      crypto: clientCrypto,
      config: clientConfig,
      resolveHostname,
      reuseAddr: false,
      ipv6Only: false,
      reasonToCode,
      codeToReason,
      logger,
    },
    { timer: 1000, signal: new AbortController().signal },
  );
  creating.cancel(new Error('enough'));
  const client = await QUICClient.createQUICClient({
    host: 'localhost',
    port: 1,
    socket,
    crypto: clientCrypto,
  });
  const addresses: Array<Host | Port> = [
    client.host,
    client.port,
    client.localHost,
    client.localPort,
  ];
  const isSocketShared: boolean = client.isSocketShared;
  await connection(client.connection);
  listen<events.EventQUICClientDestroy>(client, events.EventQUICClientDestroy);
  listen<events.EventQUICClientDestroyed>(
    client,
    events.EventQUICClientDestroyed,
  );
  listen<events.EventQUICClientError>(
    client,
    events.EventQUICClientError,
    ({ detail }) =>
      use(
        detail satisfies
          | errors.ErrorQUICClientSocketNotRunning<any>
          | errors.ErrorQUICClientInternal<any>
          | errors.ErrorQUICConnectionLocal<any>
          | errors.ErrorQUICConnectionPeer<any>
          | errors.ErrorQUICConnectionIdleTimeout<any>
          | errors.ErrorQUICConnectionInternal<any>,
      ),
  );
  listen<events.EventQUICClientErrorSend>(
    client,
    events.EventQUICClientErrorSend,
    ({ detail }) => use(detail satisfies Error),
  );
  listen<events.EventQUICClientClose>(
    client,
    events.EventQUICClientClose,
    ({ detail }) => use(detail.message),
  );
  await client.destroy({ errorCode: 5, reason: bytes });
  const closed: boolean = client.closed;
  await client.closedP;
  use(addresses, isSocketShared, closed);
}

export async function connection(connection: QUICConnection): Promise<void> {
  const type: 'client' | 'server' = connection.type;
  const sendId: string = connection.sendId;
  const ids: Array<QUICConnectionId> = [
    connection.connectionId,
    connection.connectionIdPeer,
    connection.connectionIdShared,
  ];
  const { remoteHost, remotePort, localHost, localPort } = connection;
  const remote: RemoteInfo = { host: remoteHost, port: remotePort };
  const local: RemoteInfo = { host: localHost, port: localPort };
  const chains: Array<Array<Uint8Array>> = [
    connection.getLocalCACertsChain(),
    connection.getLocalCertsChain(),
    connection.getRemoteCertsChain(),
  ];
  const meta: ConnectionMetadata = connection.meta();
  await connection.start({ data: bytes, remoteInfo: remote }, { timer: 1000 });
  await stream(connection.newStream());
  await stream(connection.newStream('uni'));
  connection.destroyStreams(new Error('enough'));
  listen<events.EventQUICConnectionStart>(
    connection,
    events.EventQUICConnectionStart,
  );
  listen<events.EventQUICConnectionStarted>(
    connection,
    events.EventQUICConnectionStarted,
  );
  listen<events.EventQUICConnectionStop>(
    connection,
    events.EventQUICConnectionStop,
  );
  listen<events.EventQUICConnectionStopped>(
    connection,
    events.EventQUICConnectionStopped,
  );
  listen<events.EventQUICConnectionStream>(
    connection,
    events.EventQUICConnectionStream,
    ({ detail }) => stream(detail),
  );
  listen<events.EventQUICConnectionError>(
    connection,
    events.EventQUICConnectionError,
    ({ detail }) => {
      if (
        detail instanceof errors.ErrorQUICConnectionLocal ||
        detail instanceof errors.ErrorQUICConnectionPeer
      ) {
        const { isApp, errorCode, reason } = detail.data;
        use(isApp satisfies boolean, errorCode, reason satisfies Uint8Array);
      }
    },
  );
  listen<events.EventQUICConnectionClose>(
    connection,
    events.EventQUICConnectionClose,
    ({ detail }) => use(detail.message),
  );
  listen<events.EventQUICConnectionSend>(
    connection,
    events.EventQUICConnectionSend,
    ({ detail: { id, msg, port, address } }) => use(id, msg, port, address),
  );
  await connection.stop({ isApp: true, errorCode: 1, force: false });
  const error: native.ConnectionError | undefined =
    connection.getConnectionError();
  const closed: boolean = connection.closed;
  await connection.closedP;
  use(type, sendId, ids, local, chains, meta, error, closed);
}

export async function stream(stream: QUICStream): Promise<void> {
  const type: 'bidi' | 'uni' = stream.type;
  const initiated: 'local' | 'peer' = stream.initiated;
  const id: StreamId = stream.streamId;
  const closed: Array<boolean> = [
    stream.readClosed,
    stream.writeClosed,
    stream.closed,
  ];
  const meta: ConnectionMetadata = stream.meta;
  for await (const chunk of stream.readable) use(chunk satisfies Uint8Array);
  const reader = stream.readable.getReader();
  const { done, value } = await reader.read();
  await reader.cancel(new Error('enough'));
  const writer = stream.writable.getWriter();
  await writer.ready;
  await writer.write(bytes);
  await writer.close();
  await writer.abort(new Error('enough'));
  await stream.readable.pipeTo(stream.writable);
  listen<events.EventQUICStreamDestroy>(stream, events.EventQUICStreamDestroy);
  listen<events.EventQUICStreamDestroyed>(
    stream,
    events.EventQUICStreamDestroyed,
  );
  listen<events.EventQUICStreamSend>(stream, events.EventQUICStreamSend);
  listen<events.EventQUICStreamError>(
    stream,
    events.EventQUICStreamError,
    ({ detail }) =>
      use(
        detail satisfies
          | errors.ErrorQUICStreamLocalRead<any>
          | errors.ErrorQUICStreamLocalWrite<any>
          | errors.ErrorQUICStreamPeerRead<any>
          | errors.ErrorQUICStreamPeerWrite<any>
          | errors.ErrorQUICStreamInternal<any>,
      ),
  );
  listen<events.EventQUICStreamCloseRead>(
    stream,
    events.EventQUICStreamCloseRead,
    ({ detail }) => use(detail?.data.code satisfies number | undefined),
  );
  listen<events.EventQUICStreamCloseWrite>(
    stream,
    events.EventQUICStreamCloseWrite,
    ({ detail }) => use(detail?.data.code satisfies number | undefined),
  );
  stream.cancel(new Error('enough'));
  await stream.destroy({ force: true, reason: new Error('enough') });
  await stream.closedP;
  use(type, initiated, id, closed, meta, done, value);
}

export function connectionIds(connection: QUICConnection): void {
  const ids: Array<QUICConnectionId> = [
    new QUICConnectionId(),
    new QUICConnectionId(20),
    new QUICConnectionId([1, 2]),
    new QUICConnectionId(new ArrayBuffer(8), 0, 8),
    QUICConnectionId.fromString('00'),
    QUICConnectionId.fromBuffer(Buffer.alloc(8)),
  ];
  const texts: Array<string> = [ids[0].string, ids[0].toString(), `${ids[0]}`];
  const buffer: Buffer = ids[0].toBuffer();
  const map: Map<QUICConnectionId, QUICConnection> = new QUICConnectionMap([
    [ids[0], connection],
  ]);
  const connections = new QUICConnectionMap();
  connections.set(ids[0], connection).delete(ids[1]);
  const found: QUICConnection | undefined = connections.get(ids[0]);
  const sides: Array<ReadonlyMap<string, QUICConnection>> = [
    connections.serverConnections,
    connections.clientConnections,
  ];
  connections.forEach((value, key) => {
    use(value, key);
  });
  for (const [id, value] of connections) use(id, value);
  use([...connections.keys()], [...connections.values()]);
  use([...connections.entries()], connections.has(ids[0]), connections.size);
  connections.clear();
  use(texts, buffer, map, found, sides);
}

export async function helpers(): Promise<void> {
  const host = utils.toCanonicalIP('::ffff:127.0.0.1');
  const port = utils.toPort(1);
  const text = 'localhost';
  if (utils.isIPv4(text) || utils.isIPv6(text)) use(text satisfies Host);
  if (utils.isPort(1)) use(1);
  use(
    utils.isIPv4MappedIPv6(host),
    utils.isIPv4MappedIPv6Dec(host),
    utils.isIPv4MappedIPv6Hex(host),
    utils.toIPv4MappedIPv6Dec('127.0.0.1') satisfies Host,
    utils.toIPv4MappedIPv6Hex('127.0.0.1') satisfies Host,
    utils.fromIPv4MappedIPv6(host) satisfies Host,
    utils.isHostWildcard(host) satisfies boolean,
    utils.resolvesZeroIP(host) satisfies Host,
    (await utils.resolveHostname('localhost')) satisfies Host,
    (await utils.resolveHost('localhost', resolveHostname)) satisfies [
      Host,
      'udp4' | 'udp6',
    ],
    utils.buildAddress(host, port) satisfies string,
    utils.validateTarget(host, 'ipv4', host, 'udp4', Error) satisfies Host,
    utils.collectPEMs(['pem']) satisfies Array<string>,
    utils.pemToDER('pem') satisfies Uint8Array,
    utils.derToPEM(bytes) satisfies string,
    utils.formatError(new Error('message')) satisfies string,
    utils.bufferWrap(bytes, 0, 4) satisfies Buffer,
    utils.textDecoder.decode(utils.textEncoder.encode('text')),
  );
  const { p, resolveP, rejectP }: PromiseDeconstructed<number> =
    utils.promise<number>();
  resolveP(1);
  rejectP(new Error('too late'));
  await p;
  await utils.yieldMicro();
  const later = utils.promisify((value: number, callback: Callback<[number]>) =>
    callback(null, value),
  );
  const result: number = await later(1);
  const text2: ConnectionIdString = utils.encodeConnectionId(
    Buffer.alloc(8) as unknown as ConnectionId,
  );
  const id: ConnectionId = utils.decodeConnectionId(text2);
  const token: Buffer = await utils.mintToken(
    new QUICConnectionId(8),
    host,
    serverCrypto,
  );
  const original: QUICConnectionId | undefined = await utils.validateToken(
    token,
    host,
    serverCrypto,
  );
  const streamId = 4 as StreamId;
  use(
    utils.isStreamClientInitiated(streamId),
    utils.isStreamServerInitiated(streamId),
    utils.isStreamBidirectional(streamId),
    utils.isStreamUnidirectional(streamId),
    utils.isStreamStopped(new Error()) satisfies number | false,
    utils.isStreamReset(new Error()) satisfies number | false,
  );
  utils.setMaxListeners(new EventTarget(), 10);
  use(result, id, original);
  utils.never('reached');
}

export function codes(): void {
  const { ConnectionErrorCode, CryptoError } = native;
  const code: native.ConnectionErrorCode = ConnectionErrorCode.NoViablePath;
  const crypto: native.CryptoError = CryptoError.NoApplicationProtocol;
  use(code satisfies number, crypto satisfies number);
}

export function failures(e: unknown): void {
  // Besides the classes there is a function in version 3
  const all = Object.values(errors) as Array<Class<Error>>;
  use(all);
  if (e instanceof errors.ErrorQUIC) {
    use(e.description, e.message, e.timestamp satisfies Date, e.cause);
    use(e.toJSON(), e.data);
  }
  const data = { isApp: false, errorCode: 0x101, reason: bytes };
  for (const ErrorClass of [
    errors.ErrorQUICConnectionLocal,
    errors.ErrorQUICConnectionLocalTLS,
    errors.ErrorQUICConnectionPeer,
    errors.ErrorQUICConnectionPeerTLS,
  ]) {
    const error = new ErrorClass('message', { data, cause: e });
    use(error.data.isApp, error.data.errorCode, error.data.reason);
  }
  for (const ErrorClass of [
    errors.ErrorQUICStreamLocalRead,
    errors.ErrorQUICStreamLocalWrite,
    errors.ErrorQUICStreamPeerRead,
    errors.ErrorQUICStreamPeerWrite,
  ]) {
    const error = new ErrorClass('message', { data: { code: 1 } });
    use(error.data.code satisfies number);
  }
  use(new errors.ErrorQUICStreamLimit('message', { cause: e }));
}

export type Rest = {
  opaque: Opaque<'Name', string>;
  hostname: Hostname;
  address: Address;
  streams: QUICStreamMap;
};

function listen<E extends Event>(
  target: {
    addEventListener(type: string, listener: (evt: any) => void): void;
    removeEventListener(type: string, listener: (evt: any) => void): void;
    dispatchEvent(event: Event): unknown;
  },
  event: { name: string; prototype: E },
  listener: (event: E) => unknown = () => {},
): void {
  const handler = (evt: E) => void listener(evt);
  target.addEventListener(event.name, handler);
  target.dispatchEvent(new Event(event.name));
  target.removeEventListener(event.name, handler);
}

function use(..._values: Array<unknown>): void {}
