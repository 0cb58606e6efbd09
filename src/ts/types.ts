import type * as web from 'node:stream/web';
import type { ConnectionErrorCode, CryptoError } from './native/types.js';
import type QUICConnection from './QUICConnection.js';
import type QUICStream from './QUICStream.js';

declare const brand: unique symbol;

/**
 * Opaque types are wrappers of existing types that require smart constructors.
 */
export type Opaque<K, T> = T & {
  /** Exists for the compiler only. */
  readonly [brand]: K;
};

/**
 * Something that `new` makes a `T` of.
 */
export type Class<T> = new (...args: any[]) => T;

/**
 * Generic callback, error first.
 */
export type Callback<
  P extends Array<any> = [],
  R = any,
  E extends Error = Error,
> = {
  (e: E, ...params: Partial<P>): R;
  (e?: null | undefined, ...params: P): R;
};

/**
 * Deconstructed promise.
 */
export type PromiseDeconstructed<T> = {
  /** The promise. */
  p: Promise<T>;
  /** Fulfils it. */
  resolveP: (value: T | PromiseLike<T>) => void;
  /** Rejects it. */
  rejectP: (reason?: any) => void;
};

/**
 * Host is always an IP address.
 */
export type Host = Opaque<'Host', string>;

/**
 * Hostnames are resolved to IP addresses.
 */
export type Hostname = Opaque<'Hostname', string>;

/**
 * Ports are integers from 0 to 65535.
 */
export type Port = Opaque<'Port', number>;

/**
 * Combination of `<HOST>:<PORT>`, with an IPv6 host in brackets.
 */
export type Address = Opaque<'Address', string>;

/**
 * Bytes that share no memory with other threads, which TypeScript 5.7 and later tell apart.
 */
type Bytes = ReturnType<typeof Uint8Array.of>;

/**
 * A web stream to read bytes from: of `node:stream/web`, and of the DOM where its types are there.
 */
export type ReadableBytes = ReadableStream<Bytes> & web.ReadableStream<Bytes>;

/**
 * A web stream to write bytes to: of `node:stream/web`, and of the DOM where its types are there.
 */
export type WritableBytes = WritableStream<Uint8Array> &
  web.WritableStream<Uint8Array>;

/**
 * What can be left out, or be `undefined` to the same effect.
 */
export type Options<T> = { [Name in keyof T]?: T[Name] | undefined };

/**
 * Options of what waits.
 */
export type AbortOptions = {
  /**
   * Gives up waiting when it aborts: the method rejects with the reason of the signal. Nothing is begun when it has
   * aborted already. What was begun is undone by methods that start something; a stop goes on.
   */
  signal?: AbortSignal | undefined;
};

/**
 * What comes in, one after another.
 */
export interface AbortableIterable<T> extends AsyncIterable<T> {
  /** Begins a loop. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined>;
  /** The same, until the signal aborts: the iterator then throws its reason. */
  values(options?: AbortOptions): AsyncIterableIterator<T>;
}

/**
 * How to close a connection, or all of a server. An aborted `signal` ends only the wait.
 */
export type CloseOptions = AbortOptions & {
  /**
   * What the peer is told, with `isApp: false` up to 320 bytes, else up to 960: what is beyond does not fit into
   * a packet, and is cut off. A string is told as UTF-8. Defaults to none.
   */
  reason?: Uint8Array | string | undefined;
  /**
   * Whether to end running streams instead of waiting for them. Defaults to true. What was written to closed
   * writers is delivered either way, unless the peer does not answer for three probe timeouts (RFC 9002 section 6.2.1).
   */
  force?: boolean | undefined;
} & (
    | {
        /** The code is a transport error code (RFC 9000 section 20.1). */
        isApp: false;
        /** Defaults to `ConnectionErrorCode.NoError`. */
        errorCode?: ConnectionErrorCode | undefined;
      }
    | {
        /** The code is the application's. The default. */
        isApp?: true | undefined;
        /** Defaults to 0. */
        errorCode?: number | undefined;
      }
  );

/**
 * Where a socket binds.
 */
export type StartOptions = {
  /** IP address or hostname. Defaults to `::`. An IPv6 address may be in brackets and have a zone. */
  host?: string | undefined;
  /** Defaults to 0, any free port. */
  port?: number | undefined;
  /** Whether other sockets may bind to the port. Defaults to false. */
  reuseAddr?: boolean | undefined;
  /** Whether `::` leaves out IPv4. With an IPv4 host it is an error. Defaults to false. */
  ipv6Only?: boolean | undefined;
  /** Gives up when it aborts: the start rejects with its reason, and is undone. */
  signal?: AbortSignal | undefined;
};

/**
 * Address of a peer.
 */
export type RemoteInfo = {
  /** IP address. */
  host: Host;
  /** UDP port. */
  port: Port;
};

/**
 * Who does the UDP I/O of a socket.
 *
 * - `'dgram'` - Node's own `dgram.Socket` carries every packet. The default.
 * - `'native'` - the engine owns the UDP socket and does the I/O off the JS
 *   thread, with the operating system's batching and offloading. Faster.
 */
export type SocketIO = 'dgram' | 'native';

/**
 * Client crypto operations. The engine has its own randomness and does not
 * call them; they are accepted so that options written for version 2 work.
 */
export type ClientCryptoOps = {
  /** Fills `data` with random bytes. */
  randomBytes(data: ArrayBuffer): Promise<void>;
};

/**
 * Server crypto operations. The engine makes its own tokens and does not call
 * them; `utils.mintToken` and `utils.validateToken` do.
 */
export type ServerCryptoOps = {
  /** Signs `data` with `key`, and resolves with the signature. */
  sign(key: ArrayBuffer, data: ArrayBuffer): Promise<ArrayBuffer>;
  /** Resolves with whether `sig` is the signature of `data` by `key`. */
  verify(
    key: ArrayBuffer,
    data: ArrayBuffer,
    sig: ArrayBuffer,
  ): Promise<boolean>;
};

/**
 * Cryptography of a client, which need not be given.
 */
export type QUICClientCrypto = {
  /** Not called. */
  ops?: ClientCryptoOps | undefined;
};

/**
 * Cryptography of a server.
 */
export type QUICServerCrypto = {
  /**
   * Secret of any non-zero length from which the keys of address validation tokens, session tickets and
   * stateless resets derive. Processes given the same key accept each
   * other's tokens, resume each other's sessions, and can reset connections of each other.
   */
  key: ArrayBuffer;
  /** Not called by servers, only by `utils.mintToken` and `utils.validateToken`. */
  ops?: ServerCryptoOps | undefined;
};

/**
 * How the connection IDs of a socket lead load balancers to it (QUIC-LB,
 * draft-ietf-quic-load-balancers-21), also packets of clients whose address has changed.
 * All but `serverId` is the same on all servers of a fleet.
 */
export type LoadBalancing = {
  /** What the load balancer knows this server by, from 1 to 15 bytes. Network Load Balancers of AWS take 8. */
  serverId: Uint8Array;
  /**
   * 16 bytes that server IDs are encrypted with. Without it everybody who sees packets can tell which server they
   * go to, and by that which of them belong to one client. AWS knows no key.
   */
  key?: Uint8Array | undefined;
  /**
   * How many bytes make a connection ID unique, from 4 to 19 less those of `serverId`. Defaults to 8, or
   * to as many as there is room for.
   */
  nonceLength?: number | undefined;
  /** Number of the configuration that the load balancer knows, from 0 to 6. Defaults to 0. */
  configId?: number | undefined;
  /** Whether the first byte tells the length of the connection ID, for hardware. Defaults to `false`. */
  encodeLength?: boolean | undefined;
  /**
   * Whether this server tells the clients of another one with the same `crypto.key`, whose packets reach it, that their
   * connection is gone (stateless reset, RFC 9000 section 10.3). All servers of the fleet have to set it.
   *
   * Only set it if nobody can reach a server past the load balancer: whoever sees a connection ID could
   * ask another server for the token that ends the connection (RFC 9000 section 21.11). Defaults to `false`.
   */
  takeOver?: boolean | undefined;
};

/**
 * Custom hostname resolution.
 *
 * @param hostname - the name as it was given
 * @param options
 * @param options.family - which addresses the socket can reach: 4 for those of IPv4, 6 for those of IPv6, 0 for both. Others
 * are left out
 * @returns an IP address, or several in the order of preference (RFC 6724). A name is resolved again
 */
export type ResolveHostname = (
  hostname: string,
  options: { family: 0 | 4 | 6 },
) =>
  | string
  | ReadonlyArray<string>
  | PromiseLike<string | ReadonlyArray<string>>;

/**
 * What writes a log: a `Logger` of `@matrixai/logger`, of pino or winston, the `console`, or anything else that has these
 * methods. Each is called with a text, and an object of what it is about: `connectionId`, `remoteHost` and `remotePort` of
 * connections, and `error`. The object comes second, but first for pino.
 */
export type LoggerLike = {
  /** Streams that begin and end, attempts that were given up. */
  debug: (...args: Array<any>) => unknown;
  /** Objects that begin and end, connections that were closed on purpose. */
  info: (...args: Array<any>) => unknown;
  /** Connections that failed, options that have no effect. */
  warn: (...args: Array<any>) => unknown;
  /** Sockets and connections that failed by themselves. */
  error: (...args: Array<any>) => unknown;
};

/**
 * Custom TLS verification, called with certificates in DER.
 *
 * @param certs - the peer's certificate chain, from leaf to root
 * @param ca - the certificates of `config.ca`, empty if there are none
 * @returns a `CryptoError` code to refuse the peer with, `undefined` to accept
 */
export type TLSVerifyCallback = (
  certs: Array<Uint8Array>,
  ca: Array<Uint8Array>,
) => PromiseLike<CryptoError | undefined>;

/**
 * Options of a connection. They hold for a whole connection, and are checked when they are given.
 */
export type QUICConfig = {
  /**
   * Certificate authorities in PEM. Each string or buffer holds one or more
   * certificates, each of which is an independent authority; their order does
   * not matter. One that cannot be parsed is skipped, with a warning of the
   * logger; it is an error if none is left.
   *
   * Defaults to the operating system's authorities, or to those that come with
   * Node.js where the system has none, as in images of `node:slim`. The
   * environment variables `SSL_CERT_FILE` and `SSL_CERT_DIR`, as they are when
   * the process starts, say where those of the system are, and then none stand
   * in for them. As for `node:tls`,
   *
   * - those in the file that `NODE_EXTRA_CA_CERTS` names are trusted as well,
   * - `--use-system-ca` or `NODE_USE_SYSTEM_CA=1` takes those of the system and
   *   of Node.js,
   * - `--use-openssl-ca` takes those of the system alone,
   * - `--use-bundled-ca` takes those of Node.js alone.
   *
   * They are read once in a process, when the first peer is verified with them.
   * If there are none at all, every peer is refused with an error that says so.
   */
  ca?: string | Array<string> | Uint8Array | Array<Uint8Array> | undefined;
  /**
   * Private keys in PEM (PKCS#8, PKCS#1 or SEC 1): RSA, ECDSA (P-256, P-384,
   * P-521) or Ed25519, and not encrypted. `crypto.createPrivateKey` decrypts
   * one. The number of keys must match the number of `cert` chains, and each
   * key belongs to the chain at the same place.
   */
  key?: string | Array<string> | Uint8Array | Array<Uint8Array> | undefined;
  /**
   * X.509 certificate chains in PEM, each string or buffer one chain from
   * subject to issuer. The number of chains must match the number of `key`.
   */
  cert?: string | Array<string> | Uint8Array | Array<Uint8Array> | undefined;
  /**
   * Colon separated list of supported signature algorithms.
   *
   * When this is not set, this defaults to the following list:
   * - rsa_pkcs1_sha256
   * - rsa_pkcs1_sha384
   * - rsa_pkcs1_sha512
   * - rsa_pss_rsae_sha256
   * - rsa_pss_rsae_sha384
   * - rsa_pss_rsae_sha512
   * - ecdsa_secp256r1_sha256
   * - ecdsa_secp384r1_sha384
   * - ecdsa_secp521r1_sha512
   * - ed25519
   */
  sigalgs?: string | undefined;
  /**
   * Verify the peer's certificate. Defaults to true for clients and to false
   * for servers, which request a client certificate only when this is true.
   *
   * A server with a `ca` or `verifyCallback` has to say which of the two it wants. With true it needs
   * one of these, as any client with a certificate of a public authority would get in otherwise.
   */
  verifyPeer: boolean;
  /**
   * Custom TLS verification, which decides instead of the engine. Ignored when
   * `verifyPeer` is false. Defaults to `undefined`.
   *
   * It is called before the peer has proved to have the key of its certificate: only a connection event, or
   * the client that `createQUICClient` resolves with, is proof of that. It has 10 seconds, and no longer
   * than the handshake may take; what it says later counts for nothing.
   */
  verifyCallback?: TLSVerifyCallback | undefined;
  /**
   * Path of a file to append the secret TLS keys to, in the format that
   * Wireshark reads. For debugging only: whoever has the file can decrypt the
   * packets, so the logger gets a warning. It is an error if the file cannot be
   * opened; what cannot be written to it later is left out.
   *
   * Defaults to the environment variable `SSLKEYLOGFILE`, as it is when a
   * server starts or its configuration is updated, and when a client is created.
   * A file of that which cannot be opened is a warning of the logger.
   */
  logKeys?: string | undefined;
  /**
   * Path of a directory for qlog files, one for each connection: what packets
   * it sent and received, and why it did so, to look at with a tool such as
   * https://qvis.quictools.info. They are in JSON-SEQ, named
   * `<ID>_<client or server>.sqlog` with the original destination connection ID
   * in hex, which is `connection.connectionIdShared`. They have neither keys
   * nor what streams carry, but addresses, connection IDs and tokens.
   *
   * The directory is made if it is missing. What cannot be written is left out,
   * and a file that is there is left alone: no connection fails or waits for it.
   * A directory that cannot be written to is a warning of the logger. Files are
   * complete when the connection is closed.
   *
   * Defaults to the environment variable `QLOGDIR`, read as `SSLKEYLOGFILE` is;
   * without either, nothing is written.
   */
  qlog?: string | undefined;
  /**
   * Send random values where the protocol reserves room for them, against
   * ossification (RFC 9287). Defaults to true.
   */
  grease: boolean;
  /**
   * Milliseconds between the PING frames that keep an idle connection alive,
   * an integer of at least 1. Must be smaller than `maxIdleTimeout` unless that
   * is 0. Defaults to `undefined`: no keep-alive.
   */
  keepAliveIntervalTime?: number | undefined;
  /**
   * Milliseconds without an answer from the peer after which the connection
   * times out (RFC 9000 section 10.1). A client repeats its first packets to a
   * silent server for as long. 0 means no timeout, and that a peer that vanishes is never noticed.
   *
   * Where it is left out, quiet connections are kept as with 0, but a peer that has said nothing for a minute is
   * sent a PING, and the connection ends when nothing has come for two more.
   */
  maxIdleTimeout: number;
  /**
   * Maximum incoming UDP payload size in bytes, from 1200 to 65527 (RFC 9000
   * section 18.2). Defaults to 65527.
   */
  maxRecvUdpPayloadSize: number;
  /**
   * Maximum outgoing UDP payload size in bytes, from 1200 to 65527. Lower than
   * the path's MTU, commonly 1500, avoids fragmentation. Where it is left out, packets begin with 1200 bytes
   * and grow as far as the path allows, if that can be found out.
   */
  maxSendUdpPayloadSize: number;
  /**
   * Bytes of incoming stream data buffered for the entire connection at first.
   * 0 disables incoming stream data.
   *
   * Where it is left out it is 10 MiB, and does not count what streams hold that the application does not read: one of them
   * stops its own writer, and none of the others. Given a number, it counts all streams, and those that are not read can
   * use it up: then it should be as much as all streams that the peer may open can hold, which is `initialMaxStreamData…` for
   * each, and the application has to read or to cancel every stream.
   */
  initialMaxData: number;
  /**
   * Bytes of incoming data buffered at first for each bidirectional stream that
   * was opened locally. 0 disables incoming data on them. Defaults to 1 MiB.
   */
  initialMaxStreamDataBidiLocal: number;
  /**
   * Bytes of incoming data buffered at first for each bidirectional stream that
   * the peer opened. 0 disables incoming data on them. Defaults to 1 MiB.
   */
  initialMaxStreamDataBidiRemote: number;
  /**
   * Bytes of incoming data buffered at first for each unidirectional stream
   * that the peer opened. 0 disables incoming data on them. Defaults to 1 MiB.
   */
  initialMaxStreamDataUni: number;
  /**
   * Maximum number of bidirectional streams that the peer may have open at the
   * same time. Defaults to 100.
   */
  initialMaxStreamsBidi: number;
  /**
   * Maximum number of unidirectional streams that the peer may have open at the
   * same time. Defaults to 100.
   */
  initialMaxStreamsUni: number;
  /**
   * Bytes up to which the receive window of a connection grows. Defaults to
   * 24 MiB.
   */
  maxConnectionWindow: number;
  /**
   * Bytes up to which the receive window of a stream grows. Defaults to 16 MiB.
   */
  maxStreamWindow: number;
  /**
   * Unreliable datagrams (RFC 9221): whether they are enabled, which both ends have to,
   * and how many {@link QUICDatagrams.incomingHighWaterMark} and
   * {@link QUICDatagrams.outgoingHighWaterMark} are initially, integers from 0 to 2^31 - 1, where 0
   * stands for 1024 and 256. Defaults to `[false, 0, 0]`.
   */
  enableDgram: [boolean, number, number];
  /**
   * Of a server: ask clients not to migrate to another address (RFC 9000 section 18.2), which
   * they then refuse to. Of a client: do not migrate. Defaults to false.
   */
  disableActiveMigration: boolean;
  /**
   * Application protocols offered or accepted by ALPN, most preferred first,
   * each from 1 to 255 bytes. Both sides must share one, otherwise the
   * handshake fails with `CryptoError.NoApplicationProtocol`. For registered
   * names see
   * https://www.iana.org/assignments/tls-extensiontype-values/tls-extensiontype-values.xhtml#alpn-protocol-ids
   * Defaults to `['quic']` as a placeholder.
   */
  applicationProtos: string[];
  /**
   * Allow early data (0-RTT, RFC 9001 section 4.6). A client with a `session` of such a server then has its
   * connection at once, and what it sends is on its way with the first packet. A server hands out such
   * connections before their handshake ends, unless it verifies clients.
   *
   * Whoever has recorded early data can send it again, so that the server hears it twice (RFC 8446 section 8):
   * only send, and only act upon early, what does no harm when repeated. Defaults to false.
   */
  enableEarlyData: boolean;
  /**
   * Size in bytes of the largest chunk that the readable of a stream gives to a reader
   * that brings no buffer, up to 64 KiB.
   * Defaults to 64 KiB.
   */
  readableChunkSize: number;
};

/**
 * Whether unreliable datagrams are enabled, or how many wait at most: {@link QUICConfig.enableDgram} in three ways to write
 * it. `true` means the defaults, as does what is left out of an object.
 */
export type EnableDgram =
  | boolean
  | [boolean, number, number]
  | {
      /** What {@link QUICDatagrams.incomingHighWaterMark} is initially. */
      incoming?: number | undefined;
      /** What {@link QUICDatagrams.outgoingHighWaterMark} is initially. */
      outgoing?: number | undefined;
    };

/**
 * Options that a client is given; `clientDefault` has the others.
 */
export type QUICClientConfigInput = Options<
  Omit<QUICConfig, 'enableDgram'> & {
    /** {@link QUICConfig.enableDgram}, in one of three ways to write it. */
    enableDgram: EnableDgram;
  }
>;

/**
 * Options that a server is given; `serverDefault` has the others.
 */
export type QUICServerConfigInput = QUICClientConfigInput & {
  /** Private keys in PEM, see {@link QUICConfig.key}. */
  key: string | Array<string> | Uint8Array | Array<Uint8Array>;
  /** X.509 certificate chains in PEM, see {@link QUICConfig.cert}. */
  cert: string | Array<string> | Uint8Array | Array<Uint8Array>;
};

/**
 * A connection ID as bytes (RFC 9000 section 5.1).
 */
export type ConnectionId = Opaque<'ConnectionId', Buffer>;

/**
 * A connection ID in hex.
 */
export type ConnectionIdString = Opaque<'ConnectionIdString', string>;

/**
 * Addresses and certificate chains of a connection, the chains in DER from leaf
 * to root.
 */
export type ConnectionMetadata = {
  /** IP address of the local end. */
  localHost: string;
  /** UDP port of the local end. */
  localPort: number;
  /** IP address of the peer. */
  remoteHost: string;
  /** UDP port of the peer. */
  remotePort: number;
  /** Certificates that the local end has, those of `config.cert`. */
  localCertsChain: Array<Uint8Array>;
  /** Certificate authorities of the local end, those of `config.ca`. */
  localCACertsChain: Array<Uint8Array>;
  /** Certificates that the peer sent. */
  remoteCertsChain: Array<Uint8Array>;
};

/**
 * A stream ID, an integer from 0 to 2^62 - 1 (RFC 9000 section 2.1).
 */
export type StreamId = Opaque<'StreamId', number>;

/**
 * When a server has clients prove their address by a Retry, which costs a round trip (RFC 9000 section 8.1.2).
 */
export type RetryPolicy = 'always' | 'never' | 'auto';

/**
 * What {@link QUICConnection.stats} tells. Names are those of W3C WebTransport, where it has them.
 */
export type ConnectionStats = {
  /** Exponentially weighted average of the round-trip time, in milliseconds (RFC 9002 section 5.3). */
  smoothedRtt: number;
  /** The last sample of it, in milliseconds. */
  latestRtt: number;
  /** The smallest one on this path, in milliseconds. */
  minRtt: number;
  /** The mean deviation of it, in milliseconds. */
  rttVariation: number;
  /** How many bytes may be under way (RFC 9002 section 7). */
  congestionWindow: number;
  /** UDP payloads sent, in bytes, those sent again included. */
  bytesSent: number;
  /** QUIC packets sent. */
  packetsSent: number;
  /** UDP payloads received, in bytes. */
  bytesReceived: number;
  /** QUIC packets received. */
  packetsReceived: number;
  /** Bytes of packets that count as lost. Can fall, when such a packet arrives after all. */
  bytesLost: number;
  /** Packets that count as lost. Can fall, too. */
  packetsLost: number;
  /**
   * The largest UDP payload that is sent, in bytes: what the path has been found to carry (RFC 9000 section 14.3), at least 1,200.
   */
  pathMtu: number;
  /** Streams that are open, at most one of their sides closed. */
  streams: number;
  /** Unreliable datagrams, see {@link QUICDatagrams}. */
  datagrams: {
    /** How many came in and were dropped. */
    droppedIncoming: number;
    /** How many were dropped instead of sent. */
    droppedOutgoing: number;
  };
};

/**
 * What {@link QUICServer.stats} tells: sums over its connections, see {@link ConnectionStats}.
 */
export type ServerStats = Pick<
  ConnectionStats,
  | 'bytesSent'
  | 'packetsSent'
  | 'bytesReceived'
  | 'packetsReceived'
  | 'bytesLost'
  | 'packetsLost'
  | 'streams'
> & {
  /** Connections that are open. */
  connections: number;
  /** Connections that were ever established. */
  acceptedConnections: number;
  /** Unreliable datagrams that came in and were dropped. */
  droppedIncomingDatagrams: number;
  /** Unreliable datagrams that were dropped instead of sent. */
  droppedOutgoingDatagrams: number;
};

/**
 * What {@link QUICSocket.stats} tells.
 */
export type SocketStats = {
  /** Connections that are established. */
  connections: number;
  /** Handshakes with the server of the socket that are under way. */
  handshakes: number;
  /** Those of them whose client had not proved its address when it began. */
  unvalidatedHandshakes: number;
  /** Retry packets that the server was to send. */
  retries: number;
  /**
   * Connections and handshakes that it refused, or gave up for others, as there were too many
   * (CONNECTION_REFUSED, RFC 9000 section 20.1).
   */
  refused: number;
  /**
   * Handshakes that failed. Those of clients that have proved their address are told one by one, as
   * {@link events.EventQUICConnectionError} on the server; of others only a few, as anybody can cause many.
   */
  failedHandshakes: number;
  /** Datagrams dropped before they were read: of any kind over `dgram`, over `native` those that are not QUIC. */
  datagramsDropped: number;
};

/**
 * In which order the data of streams is sent (RFC 9218 section 4).
 */
export type StreamPriority = {
  /** From 0, sent before all others, to 7, sent after them. Defaults to 3. */
  urgency: number;
  /**
   * Whether streams of the same urgency are sent in turn, or one after another by their IDs. Defaults to
   * true; in RFC 9218, which is about HTTP, to false.
   */
  incremental: boolean;
};

/**
 * Maps a reason (most likely an exception) to a stream error code, an integer
 * from 0 to 2^53 - 1. Use `0` for an unknown reason. Whatever else is returned is
 * sent as 0, and logged as a warning.
 */
export type StreamReasonToCode = (
  type: 'read' | 'write',
  reason?: any,
) => number;

/**
 * Maps a stream error code to a reason. 0 usually means an unknown reason. Codes of
 * other implementations above 2^53 - 1, up to 2^62 - 1 (RFC 9000 section 20.2), are given as 2^53 - 1.
 */
export type StreamCodeToReason = (type: 'read' | 'write', code: number) => any;

/**
 * What is published on the channels `matrixai.quic.connection.open` and
 * `matrixai.quic.connection.close` of `node:diagnostics_channel`: when the handshake of
 * a connection has completed, at either end, and when such a connection is closed.
 */
export type QUICConnectionMessage = {
  /** The connection, of which `type` says whether it is a client's or a server's. */
  connection: QUICConnection;
  /** Only when it closes: how it ended. A connection always ends with an error. */
  error?: Error;
};

/**
 * What is published on the channels `matrixai.quic.stream.open` and
 * `matrixai.quic.stream.close` of `node:diagnostics_channel`: when a stream has its ID,
 * whichever end opened it, and when both its sides are closed.
 */
export type QUICStreamMessage = {
  /** The connection that the stream belongs to. */
  connection: QUICConnection;
  /** The stream. */
  stream: QUICStream;
  /** Only when it closes: why a side of it ended before its time, the first of two reasons. */
  error?: Error;
};

/**
 * The open streams of a connection.
 */
export type QUICStreamMap = Map<StreamId, QUICStream>;
