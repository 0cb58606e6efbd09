import type QUICSocket from '../../QUICSocket.js';
import type { ResolveHostname } from '../types/address.js';
import type { QUICServerConfigInput } from '../types/config.js';
import type { QUICServerCrypto } from '../types/crypto.js';
import type { LoggerLike } from '../types/logger.js';
import type { RetryPolicy } from '../types/server.js';
import type { LoadBalancing, SocketIO } from '../types/socket.js';
import type {
  StreamCodeToReason,
  StreamReasonToCode,
} from '../types/stream.js';

/**
 * Options of a {@link QUICServer}.
 */
export type QUICServerOptions = {
  /** `key` and `cert` are needed, the others default to `serverDefault`. */
  config: QUICServerConfigInput;
  /**
   * Its key is the secret of tokens, session tickets and stateless resets, so that several
   * processes can share it. Defaults to a random one. Ignored if `socket` is given, which takes
   * one itself.
   */
  crypto?: QUICServerCrypto | undefined;
  /**
   * What connection IDs tell load balancers. Ignored if `socket` is given, which takes it
   * itself.
   */
  loadBalancing?: LoadBalancing | undefined;
  /** A running socket to share; the server makes its own if there is none. */
  socket?: QUICSocket | undefined;
  /** Who does the UDP I/O if the server makes its own socket, defaults to `'dgram'`. */
  io?: SocketIO | undefined;
  /** Defaults to the operating system's resolver. */
  resolveHostname?: ResolveHostname | undefined;
  /** Maps reasons of streams to error codes, defaults to `0`. */
  reasonToCode?: StreamReasonToCode | undefined;
  /** Maps error codes of streams to reasons, defaults to an `Error`. */
  codeToReason?: StreamCodeToReason | undefined;
  /** See {@link QUICServer.minIdleTimeout}. */
  minIdleTimeout?: number | undefined;
  /**
   * When clients have to prove their address by a Retry. Defaults to `'auto'`: when
   * `retryThreshold` handshakes are under way.
   */
  retry?: RetryPolicy | undefined;
  /** An integer from 1, defaults to 256. */
  retryThreshold?: number | undefined;
  /**
   * How many handshakes may be under way, of one address (with IPv6, of one network of /64) an
   * eighth of them. For one more the oldest of the address that holds most is given up, or it is
   * refused with CONNECTION_REFUSED; {@link QUICSocket.stats} counts them. An integer from 1,
   * defaults to 4096.
   */
  maxHandshakes?: number | undefined;
  /**
   * How many of these may be of clients that have not proved their address. An integer from 0,
   * defaults to 1024.
   */
  maxUnvalidatedHandshakes?: number | undefined;
  /**
   * How many connections there may be. More are refused with CONNECTION_REFUSED, and counted by
   * {@link QUICSocket.stats}. An integer from 1. Defaults to as many as a quarter of the memory
   * of the machine, or of its container, has room for at 128 KiB each, at least 1024.
   */
  maxConnections?: number | undefined;
  /**
   * How many of them may be from one address, or from one network of /64 with IPv6. An integer
   * from 1. Defaults to `maxConnections` if that is given, else to half of its default.
   */
  maxConnectionsPerAddress?: number | undefined;
  /**
   * Milliseconds for which a client that comes back from the same address needs no Retry: the
   * lifetime of address validation tokens (NEW_TOKEN, RFC 9000 section 8.1.3). They prove that a
   * client has received something at that address within that time, and nothing else. An integer
   * from 1, defaults to an hour.
   */
  tokenLifetime?: number | undefined;
  /** Defaults to one that says nothing. */
  logger?: LoggerLike | undefined;
};
