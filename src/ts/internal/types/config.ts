import type { Options } from './common.js';
import type { TLSVerifyCallback } from './crypto.js';

/**
 * Options of a connection. They hold for a whole connection, and are checked when they are given.
 */
export type QUICConfig = {
  /**
   * Certificate authorities in PEM. Each string or buffer holds one or more certificates. Each is
   * an authority of its own, and their order does not matter. One that cannot be parsed is skipped
   * with a warning of the logger. It is an error if none is left.
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
   * A server with a `ca` or `verifyCallback` has to say which of the two it wants. With true it
   * needs one of these, as any client with a certificate of a public authority would get in
   * otherwise.
   */
  verifyPeer: boolean;
  /**
   * Custom TLS verification, which decides instead of the engine. Ignored when
   * `verifyPeer` is false. Defaults to `undefined`.
   *
   * It is called before the peer has proved that it has the key of its certificate. Only a
   * connection event, or the client that `createQUICClient` resolves with, is proof of that. It has
   * 10 seconds, and no longer than the handshake may take. A later answer counts for nothing.
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
   * If that file cannot be opened, the logger gets a warning.
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
   * Has no effect, and is accepted as it is in version 2. That sends random values where the
   * protocol reserves room for them (RFC 9287). quic-go has no option to do so. Defaults to true.
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
   * silent server for as long. 0 means no timeout: a peer that vanishes is never noticed.
   *
   * By default quiet connections are kept as with 0, but peers are looked after: one that has said
   * nothing for a minute gets a PING, and the connection ends after two more minutes of silence.
   */
  maxIdleTimeout: number;
  /**
   * Maximum incoming UDP payload size in bytes, from 1200 to 65527 (RFC 9000 section 18.2).
   * Checked, and without effect: quic-go always tells peers that it takes 1452 bytes. Defaults to
   * 65527.
   */
  maxRecvUdpPayloadSize: number;
  /**
   * Maximum outgoing UDP payload size in bytes, from 1200 to 65527. Lower than the path's MTU,
   * commonly 1500, avoids fragmentation. Where it is left out, packets begin with 1200 bytes and
   * grow as far as the path allows, if that can be found out.
   */
  maxSendUdpPayloadSize: number;
  /**
   * Bytes of incoming stream data buffered for the entire connection at first.
   * 0 disables incoming stream data.
   *
   * Defaults to 10 MiB, which leave out streams that the application does not read: such a stream
   * stops its own writer and no other one. A number that is given counts all streams, so that those
   * that nobody reads can use it up. Then it should be as much as all streams of the peer can hold,
   * `initialMaxStreamData…` for each, and the application has to read or cancel every stream.
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
   * How it is decided how fast to send (RFC 9002 section 7), for what this end sends:
   *
   * - `'cubic'`: Cubic (RFC 9438), as most of the Internet;
   * - `'reno'`: NewReno (RFC 9002 appendix B);
   * - `'bbr'`: BBR version 3 (draft-ietf-ccwg-bbr), which finds out what the path delivers. Where
   *   packets are lost by chance, as over Wi-Fi and mobile networks, it is many times as fast. It
   *   keeps queues short.
   *
   * `'throughput'` and `'low-latency'` of W3C WebTransport both stand for `'bbr'`, and its
   * `'default'` for the default, `'cubic'`. The guide "Congestion control" says when to choose
   * which, and what it does to others.
   */
  congestionControl?: CongestionControl | undefined;
  /**
   * Of a server: ask clients not to migrate to another address (RFC 9000 section 18.2).
   * Those of this library then refuse to. Of a client: do not migrate. Defaults to false.
   */
  disableActiveMigration: boolean;
  /**
   * Application protocols offered or accepted by ALPN, most preferred first, each from 1 to 255
   * bytes. Both sides must share one, otherwise the handshake fails with
   * `CryptoError.NoApplicationProtocol`. For registered names see
   * https://www.iana.org/assignments/tls-extensiontype-values/tls-extensiontype-values.xhtml#alpn-protocol-ids
   * Defaults to `['quic']` as a placeholder.
   */
  applicationProtos: string[];
  /**
   * Allow early data (0-RTT, RFC 9001 section 4.6). A client with a `session` of such a server then
   * has its connection at once, and what it sends is on its way with the first packet. A server
   * hands out such connections before their handshake ends, unless it verifies clients.
   *
   * Whoever has recorded early data can send it again, so that the server hears it twice (RFC 8446
   * section 8): only send, and only act upon early, what does no harm when repeated. Defaults to
   * false.
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
 * Whether unreliable datagrams are enabled, or how many wait at most:
 * {@link QUICConfig.enableDgram} in three ways to write it. `true` means the defaults, as does what
 * is left out of an object.
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
 * The congestion controllers that there are, see {@link QUICConfig.congestionControl}.
 */
export type CongestionController = 'cubic' | 'reno' | 'bbr';

/**
 * What {@link QUICConfig.congestionControl} may be.
 */
export type CongestionControl =
  | CongestionController
  | 'default'
  | 'throughput'
  | 'low-latency';
