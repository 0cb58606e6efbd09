import type QUICConnection from './QUICConnection.js';
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

  protected _serverConnections: Map<string, QUICConnection> = new Map();
  protected _clientConnections: Map<string, QUICConnection> = new Map();

  constructor(
    connections?: Iterable<readonly [QUICConnectionId, QUICConnection]>,
  ) {
    for (const [connectionId, connection] of connections ?? []) {
      this.set(connectionId, connection);
    }
  }

  get size(): number {
    return this._serverConnections.size + this._clientConnections.size;
  }

  /**
   * The server connections by the hex string of their ID.
   */
  get serverConnections(): ReadonlyMap<string, QUICConnection> {
    return this._serverConnections;
  }

  /**
   * The client connections by the hex string of their ID.
   */
  get clientConnections(): ReadonlyMap<string, QUICConnection> {
    return this._clientConnections;
  }

  has(connectionId: QUICConnectionId): boolean {
    const id = connectionId.toString();
    return this._serverConnections.has(id) || this._clientConnections.has(id);
  }

  get(connectionId: QUICConnectionId): QUICConnection | undefined {
    const id = connectionId.toString();
    return this._serverConnections.get(id) ?? this._clientConnections.get(id);
  }

  set(connectionId: QUICConnectionId, connection: QUICConnection): this {
    const id = connectionId.toString();
    const [own, other] =
      connection.type === 'server'
        ? [this._serverConnections, this._clientConnections]
        : [this._clientConnections, this._serverConnections];
    other.delete(id);
    own.set(id, connection);
    return this;
  }

  delete(connectionId: QUICConnectionId): boolean {
    const id = connectionId.toString();
    return (
      this._serverConnections.delete(id) || this._clientConnections.delete(id)
    );
  }

  clear(): void {
    this._serverConnections.clear();
    this._clientConnections.clear();
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
      this._serverConnections,
      this._clientConnections,
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
    yield* this._serverConnections.values();
    yield* this._clientConnections.values();
  }
}

export default QUICConnectionMap;
