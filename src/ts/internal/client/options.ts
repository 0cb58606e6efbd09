import type QUICSocket from '../../QUICSocket.js';
import type { ResolveHostname } from '../types/address.js';
import type { QUICClientConfigInput } from '../types/config.js';
import type { QUICClientCrypto } from '../types/crypto.js';
import type { LoggerLike } from '../types/logger.js';
import type { SocketIO } from '../types/socket.js';
import type {
  StreamCodeToReason,
  StreamReasonToCode,
} from '../types/stream.js';

/**
 * Options of {@link QUICClient.createQUICClient}.
 */
export type QUICClientOptions = {
  /**
   * IP address or hostname of the server; a wildcard means the loopback address. An IPv6 address
   * may be in brackets and have a zone.
   */
  host: string;
  /** UDP port of the server, from 1. */
  port: number;
  /**
   * The name that the server's certificate is verified for and that is sent as SNI, an address
   * without its zone, a name in Unicode as its certificate has it (`xn--…`). Defaults to `host`.
   */
  serverName?: string | undefined;
  /** Where the client's own socket is bound. Defaults to `::`, which reaches IPv4 and IPv6. */
  localHost?: string | undefined;
  /** UDP port of the client's own socket. Defaults to `0`, any free port. */
  localPort?: number | undefined;
  /** A running socket to share. The client makes its own if there is none. */
  socket?: QUICSocket | undefined;
  /** Who does the UDP I/O of the client's own socket. Defaults to `'dgram'`. */
  io?: SocketIO | undefined;
  /** Accepted as in version 2; the engine has its own randomness. */
  crypto?: QUICClientCrypto | undefined;
  /**
   * A session of an earlier connection to this server, from
   * {@link events.EventQUICConnectionSession}: the handshake takes less, a server that asks for a
   * proof of the address (Retry) needs none, and with `config.enableEarlyData` data can be sent
   * with the first packet. One that cannot be used, as it is too old, damaged, of another version
   * of this library, or was made with another `config.cert`, or whose server would not be accepted
   * now, is ignored: see {@link QUICConnection.resumed}.
   */
  session?: Uint8Array | undefined;
  /**
   * Milliseconds after which a handshake that nobody answers times out, if `config.maxIdleTimeout`
   * is not smaller. Defaults to 10,000, or to `Infinity` where `ctx.timer` says when to give up.
   * `Infinity` means never.
   */
  minIdleTimeout?: number | undefined;
  /** Defaults to `clientDefault`, as does each option that is left out. */
  config?: QUICClientConfigInput | undefined;
  /** Defaults to the operating system's resolver. */
  resolveHostname?: ResolveHostname | undefined;
  /**
   * Whether all addresses of the host are tried, of both families in turns, until the first
   * handshake completes (Happy Eyeballs, RFC 8305). With `false` only the first address is. Early
   * data is for the first address alone. Defaults to `true`.
   */
  autoSelectFamily?: boolean | undefined;
  /**
   * Milliseconds after which the next address is tried although the last one may still answer, from
   * 10. One that fails is not waited for. Defaults to 250.
   */
  autoSelectFamilyAttemptTimeout?: number | undefined;
  /** Whether other sockets may bind to the port of the client's own socket. Defaults to `false`. */
  reuseAddr?: boolean | undefined;
  /** Whether the client's own socket on `::` leaves out IPv4. Defaults to `false`. */
  ipv6Only?: boolean | undefined;
  /** Maps reasons of streams to error codes. Defaults to `0`. */
  reasonToCode?: StreamReasonToCode | undefined;
  /** Maps error codes of streams to reasons. Defaults to an `Error`. */
  codeToReason?: StreamCodeToReason | undefined;
  /** Gives up when it aborts, as that of `ctx` does. */
  signal?: AbortSignal | undefined;
  /** Defaults to one that says nothing. */
  logger?: LoggerLike | undefined;
};
