import type { ConnectionClass as QUICConnection } from './internal/types/classes.js';
import QUICConnectionId from './QUICConnectionId.js';

// What its methods return has other names in older versions of TypeScript
type Connections = Map<QUICConnectionId, QUICConnection>;

/**
 * Connections of a socket by the bytes of their connection ID, server
 * connections apart from client connections.
 */
class QUICConnectionMap implements Connections {
  /** Names the class in strings. */
  [Symbol.toStringTag] = 'QUICConnectionMap';

  #serverConnections: Map<string, QUICConnection> = new Map();
  #clientConnections: Map<string, QUICConnection> = new Map();

  constructor(
    connections?: Iterable<readonly [QUICConnectionId, QUICConnection]>,
  ) {
    for (const [connectionId, connection] of connections ?? []) {
      this.set(connectionId, connection);
    }
  }

  get size(): number {
    return this.#serverConnections.size + this.#clientConnections.size;
  }

  /**
   * The server connections by the hex string of their ID.
   */
  get serverConnections(): ReadonlyMap<string, QUICConnection> {
    return this.#serverConnections;
  }

  /**
   * The client connections by the hex string of their ID.
   */
  get clientConnections(): ReadonlyMap<string, QUICConnection> {
    return this.#clientConnections;
  }

  has(connectionId: QUICConnectionId): boolean {
    const id = connectionId.toString();
    return this.#serverConnections.has(id) || this.#clientConnections.has(id);
  }

  get(connectionId: QUICConnectionId): QUICConnection | undefined {
    const id = connectionId.toString();
    return this.#serverConnections.get(id) ?? this.#clientConnections.get(id);
  }

  set(connectionId: QUICConnectionId, connection: QUICConnection): this {
    const id = connectionId.toString();
    const [own, other] =
      connection.type === 'server'
        ? [this.#serverConnections, this.#clientConnections]
        : [this.#clientConnections, this.#serverConnections];
    other.delete(id);
    own.set(id, connection);
    return this;
  }

  delete(connectionId: QUICConnectionId): boolean {
    const id = connectionId.toString();
    return (
      this.#serverConnections.delete(id) || this.#clientConnections.delete(id)
    );
  }

  clear(): void {
    this.#serverConnections.clear();
    this.#clientConnections.clear();
  }

  forEach(
    callback: (
      value: QUICConnection,
      key: QUICConnectionId,
      map: Map<QUICConnectionId, QUICConnection>,
    ) => void,
    thisArg?: any,
  ): void {
    for (const [connectionId, connection] of this) {
      callback.call(thisArg, connection, connectionId, this);
    }
  }

  /** Server connections, then client connections. */
  [Symbol.iterator](): ReturnType<Connections['entries']> {
    return this.entries();
  }

  /**
   * First the server connections, then the client connections.
   */
  *entries(): ReturnType<Connections['entries']> {
    for (const connections of [
      this.#serverConnections,
      this.#clientConnections,
    ]) {
      for (const [id, connection] of connections) {
        yield [QUICConnectionId.fromString(id), connection];
      }
    }
  }

  *keys(): ReturnType<Connections['keys']> {
    for (const [connectionId] of this) yield connectionId;
  }

  *values(): ReturnType<Connections['values']> {
    yield* this.#serverConnections.values();
    yield* this.#clientConnections.values();
  }
}

export default QUICConnectionMap;
