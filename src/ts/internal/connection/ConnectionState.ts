import type QUICDatagrams from '../../QUICDatagrams.js';
import type QUICSocket from '../../QUICSocket.js';
import { environment } from '../engine/Environment.js';
import {
  ErrorQUICConnectionClosed,
  ErrorQUICConnectionNotRunning,
} from '../errors/connection.js';
import type { Target } from '../events/emit.js';
import * as internals from '../internals.js';
import type Log from '../log/Log.js';
import type { LogFields } from '../log/Log.js';
import type { RemoteInfo } from '../types/address.js';
import type { ConnectionClass } from '../types/classes.js';
import type { ConnectionStats } from '../types/connection.js';
import { buildAddress } from '../utils/address.js';
import { toCanonicalIP } from '../utils/ip.js';
import type { CompleteConfig } from '../validation/config.js';
import { type ConnectionCloseError, connectionError } from './closeErrors.js';
import type { Description } from './Description.js';

/**
 * What the parts of a connection have in common.
 */
class ConnectionState {
  readonly env = environment();
  readonly connection: ConnectionClass;
  readonly logger: Log;
  /** The engine's connection; 0 before a client dials. */
  handle = 0;
  config: CompleteConfig;
  socket: QUICSocket;
  /** Where the events of the connection are emitted again. */
  owner?: Target;
  /** Whom a client dials. */
  remoteInfo?: RemoteInfo;
  /** Whom a client asks for. */
  serverName: string;
  description?: Description;
  datagrams?: QUICDatagrams;
  isRunning = false;
  isClosed = false;
  /** Whether the connection, while it is open, keeps the process alive. */
  isHolding = true;
  /** What it has ended with. */
  error: ConnectionCloseError | null = null;
  /** The same, if the engine was asked before its event came. */
  errorComing?: ConnectionCloseError;
  /** What it had measured when it ended. */
  lastStats?: ConnectionStats;
  /** What `verifyCallback` threw. */
  verifyError?: unknown;

  constructor(
    connection: ConnectionClass,
    config: CompleteConfig,
    socket: QUICSocket,
    logger: Log,
    serverName: string,
  ) {
    this.connection = connection;
    this.config = config;
    this.socket = socket;
    this.logger = logger.with(() => this.#logFields());
    this.serverName = serverName;
  }

  /** Where events of the connection and its streams are emitted. */
  get targets(): Array<Target> {
    const { connection, owner } = this;
    return owner === undefined ? [connection] : [connection, owner];
  }

  get remoteHost(): string {
    return this.description?.remoteHost ?? this.remoteInfo!.host;
  }

  get remotePort(): number {
    return this.description?.remotePort ?? this.remoteInfo!.port;
  }

  setHandle(handle: number): void {
    this.handle = handle;
    this.env.register(handle, this.connection);
    if (this.isHolding) this.socket[internals.hold](this.connection);
  }

  /**
   * What the engine says that the connection ended with.
   */
  toError(
    kind: number,
    code: number,
    reason: Uint8Array,
  ): ConnectionCloseError {
    return connectionError(kind, code, reason, {
      cause: this.verifyError,
      peer: buildAddress(toCanonicalIP(this.remoteHost), this.remotePort),
      isEstablished: this.description !== undefined,
      applicationProtos: this.config.applicationProtos,
    });
  }

  closedError(): ErrorQUICConnectionClosed<unknown> {
    const cause = this.error ?? this.errorComing;
    return new ErrorQUICConnectionClosed(undefined, { cause });
  }

  notRunningError(): ErrorQUICConnectionNotRunning<unknown> {
    const cause = this.error ?? undefined;
    return new ErrorQUICConnectionNotRunning(undefined, { cause });
  }

  /** Which connection it is, for a log. */
  get label(): string {
    const { connection } = this;
    const host = toCanonicalIP(this.remoteHost);
    const address = buildAddress(host, this.remotePort);
    const preposition = connection.type === 'client' ? 'to' : 'from';
    const { connectionId } = this.#logFields();
    const id = connectionId === undefined ? '' : ` ${connectionId}`;
    return `${connection.constructor.name}${id} ${preposition} ${address}`;
  }

  #logFields(): LogFields {
    const { description, remotePort } = this;
    const remoteHost = toCanonicalIP(this.remoteHost);
    return description === undefined
      ? { remoteHost, remotePort }
      : { connectionId: description.connectionId, remoteHost, remotePort };
  }
}

export default ConnectionState;
