import QUICConnection from '../../QUICConnection.js';
import type QUICStream from '../../QUICStream.js';
import type { Description } from '../connection/Description.js';
import type { ConnectionOptions } from '../connection/LivingConnection.js';
import { emit, type Target } from '../events/emit.js';
import { EventQUICServerConnection } from '../events/server.js';
import * as internals from '../internals.js';
import { withoutWait } from '../lifecycle/Overtaking.js';
import type { CloseOptions } from '../types/connection.js';
import type { ServerStats } from '../types/server.js';
import { add, noSums } from './stats.js';

/**
 * Whose connections they are.
 */
export type ConnectionsOwner = {
  /** What new connections get. */
  options(): Omit<ConnectionOptions, 'type'>;
  /** Where they are announced, and their events are emitted again. */
  target: Target;
  /** Whether new ones are not wanted any more. */
  isClosed(): boolean;
};

/**
 * The connections of a server.
 */
class ServerConnections {
  /** Those that are open, in the order that they were established. */
  readonly connections: Set<QUICConnection> = new Set();

  readonly #owner: ConnectionsOwner;
  /** Those that came when nobody listened. */
  #unheard: Set<QUICConnection> = new Set();
  /** Of connections that are closed, and how many there ever were. */
  #closedStats = noSums();

  constructor(owner: ConnectionsOwner) {
    this.#owner = owner;
  }

  /**
   * Takes a connection that is established.
   */
  add(handle: number, description: Description): void {
    const connection = new QUICConnection({
      ...this.#owner.options(),
      type: 'server',
      handle,
      description,
    });
    connection[internals.setOwner](this.#owner.target);
    this.connections.add(connection);
    this.#closedStats.acceptedConnections++;
    void connection.closedP.then(() => {
      this.connections.delete(connection);
      // Nobody has missed it
      if (this.#unheard.delete(connection)) connection[internals.dequeued]();
      add(this.#closedStats, { ...connection.stats(), streams: 0 });
    });
    void connection.start().then(() => this.#announce(connection));
  }

  /** Takes out the connections that came when nobody listened. */
  takeUnheard(): Array<QUICConnection> {
    const connections = [...this.#unheard];
    this.#unheard.clear();
    return connections;
  }

  /** Takes out the streams that came when nobody listened. */
  takeUnheardStreams(): Array<QUICStream> {
    return [...this.connections].flatMap((connection) =>
      connection[internals.takeUnheard](),
    );
  }

  /** Sums over all that there ever were. */
  stats(): ServerStats {
    const sums = { ...this.#closedStats };
    for (const connection of this.connections) add(sums, connection.stats());
    return { connections: this.connections.size, ...sums };
  }

  async stop(opts: CloseOptions): Promise<void> {
    await Promise.all(
      [...this.connections].map((connection) =>
        connection.stop(withoutWait(opts)),
      ),
    );
  }

  /** Ends the wait of a graceful stop. */
  overtake(opts?: CloseOptions): void {
    for (const connection of this.connections) {
      connection[internals.overtake](opts);
    }
  }

  /**
   * Its end, and its streams, are only heard of once it is accepted.
   */
  #announce(connection: QUICConnection): void {
    if (this.#owner.isClosed()) {
      void connection.stop();
      return;
    }
    const detail = connection;
    if (!emit([this.#owner.target], EventQUICServerConnection, { detail })) {
      connection[internals.enqueued]();
      this.#unheard.add(connection);
    }
    connection[internals.acceptStreams]();
  }
}

export default ServerConnections;
