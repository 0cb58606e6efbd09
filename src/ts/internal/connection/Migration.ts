import type QUICSocket from '../../QUICSocket.js';
import { MigrationFailure } from '../engine/shared.js';
import {
  ErrorQUICConnectionMigration,
  type MigrationErrorData,
} from '../errors/connection.js';
import { EventQUICConnectionMigrated } from '../events/connection.js';
import { emit } from '../events/emit.js';
import * as internals from '../internals.js';
import { reasonOf, throwIfAborted } from '../lifecycle/abort.js';
import type { Host } from '../types/address.js';
import type { PromiseDeconstructed } from '../types/common.js';
import { validateTarget } from '../utils/address.js';
import { promise } from '../utils/flow.js';
import { isIPv4 } from '../utils/ip.js';
import type ConnectionState from './ConnectionState.js';
import { type Description, decodeDescription } from './Description.js';

/**
 * The change of a connection to another path (RFC 9000 section 9).
 */
class Migration {
  readonly #state: ConnectionState;
  #running?: PromiseDeconstructed<Description>;

  constructor(state: ConnectionState) {
    this.#state = state;
  }

  /**
   * Moves the connection of a client to another socket.
   */
  async migrate(socket: QUICSocket, signal?: AbortSignal): Promise<void> {
    const state = this.#state;
    const { env, handle, connection } = state;
    throwIfAborted(signal);
    if (!state.isRunning || state.isClosed) throw state.notRunningError();
    this.#check(socket);
    const abort = () => env.binding.connectionCancelMigration(handle);
    signal?.addEventListener('abort', abort);
    try {
      this.#running = promise<Description>();
      const { p } = this.#running;
      env.binding.connectionMigrate(handle, socket[internals.transportHandle]);
      const description = await p.catch((e) => {
        throw signal?.aborted ? reasonOf(signal) : e;
      });
      if (state.isClosed) {
        throw migrationError('closed', 'the connection was closed');
      }
      state.socket[internals.release](connection);
      state.socket[internals.removeConnection](connection);
      state.socket = socket;
      if (state.isHolding) socket[internals.hold](connection);
      socket[internals.addConnection](connection);
      this.changePath(description);
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#running = undefined;
    }
  }

  /**
   * The engine has migrated, or has not.
   *
   * @param failure - why it has not, 0 if it has
   */
  handleMigrated(failure: number, data: Uint8Array): void {
    if (failure === 0) {
      this.#running?.resolveP(decodeDescription(data));
      return;
    }
    const [reason] = reasons.find(([, value]) => value === failure)!;
    const message = Buffer.from(data).toString();
    this.#running?.rejectP(migrationError(reason, message));
  }

  /** The connection goes over another path now. */
  changePath(description: Description): void {
    const { connection, targets } = this.#state;
    const { localHost, localPort, remoteHost, remotePort } = connection;
    this.#state.description = description;
    emit(targets, EventQUICConnectionMigrated, {
      detail: { localHost, localPort, remoteHost, remotePort },
    });
  }

  /** The connection has ended. */
  fail(error: Error): void {
    this.#running?.rejectP(
      migrationError('closed', 'the connection was closed', error),
    );
  }

  #check(socket: QUICSocket): void {
    const { connection, config } = this.#state;
    if (connection.type === 'server' || config.disableActiveMigration) {
      throw migrationError(
        'refused',
        connection.type === 'server'
          ? 'only the client can migrate a connection'
          : 'config.disableActiveMigration is set',
      );
    }
    if (this.#running !== undefined) {
      throw migrationError('refused', 'a migration is under way');
    }
    if (!socket[internals.isOpen]) {
      throw migrationError('closed', 'the socket is not running');
    }
    const remoteHost = connection.remoteHost as Host;
    const udpType = isIPv4(remoteHost) ? 'udp4' : 'udp6';
    try {
      validateTarget(socket.host, socket.type, remoteHost, udpType, Error);
    } catch (e) {
      throw migrationError('unreachable', (e as Error).message, e as Error);
    }
  }
}

const reasons = Object.entries(MigrationFailure) as Array<
  [MigrationErrorData['reason'], number]
>;

function migrationError(
  reason: MigrationErrorData['reason'],
  message: string,
  cause?: Error,
): ErrorQUICConnectionMigration<Error | undefined> {
  return new ErrorQUICConnectionMigration(message, {
    data: { reason },
    cause,
  });
}

export default Migration;
