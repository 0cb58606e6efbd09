import LivingConnection from './internal/connection/LivingConnection.js';
import { readStats } from './internal/connection/stats.js';
import { highWaterMarks } from './internal/engine/config.js';
import { ErrorQUICConnectionStopping } from './internal/errors/connection.js';
import { EventQUICConnectionStream } from './internal/events/connection.js';
import { iterate } from './internal/events/iterate.js';
import * as internals from './internal/internals.js';
import { throwIfAborted } from './internal/lifecycle/abort.js';
import type {
  AbortableIterable,
  AbortOptions,
} from './internal/types/abort.js';
import type { ConnectionStats } from './internal/types/connection.js';
import {
  checkNames,
  migrateNames,
  newStreamNames,
} from './internal/validation/optionNames.js';
import {
  validatePriority,
  validateStreamType,
} from './internal/validation/stream.js';
import {
  validateObject,
  validateSignal,
} from './internal/validation/values.js';
import QUICDatagrams from './QUICDatagrams.js';
import type QUICSocket from './QUICSocket.js';
import { validateSocket } from './QUICSocket.js';
import type QUICStream from './QUICStream.js';

declare module './internal/types/classes.js' {
  interface Classes {
    QUICConnection: QUICConnection;
  }
}

/**
 * A QUIC connection (RFC 9000 section 5). Servers and clients make them.
 *
 * A connection always ends with an error. It says who closed it and with which code, or that the
 * peer fell silent: {@link events.EventQUICConnectionError}, then
 * {@link events.EventQUICConnectionClose}. All its streams end with it.
 *
 * `node:diagnostics_channel` has `matrixai.quic.connection.open` and
 * `matrixai.quic.connection.close` for all connections of the thread, see `QUICConnectionMessage`.
 */
class QUICConnection extends LivingConnection {
  /**
   * The measurements and counts of the connection. A closed connection has those of its end. A call
   * takes about a microsecond.
   */
  public stats(): ConnectionStats {
    const state = this[internals.state];
    return (
      state.lastStats ?? readStats(state, this.streamMap.size, state.datagrams)
    );
  }

  /**
   * Opens a stream. At the peer's limit (RFC 9000 section 4.6), the stream opens as soon as the
   * peer gives credit. Writes in the meantime are sent then.
   *
   * The peer learns of a stream from its first byte. It also learns of one that was written to and
   * then reset, even if none of the bytes has left. It never learns of a stream that ends before
   * anything is written.
   *
   * @param type - defaults to `'bidi'`
   * @param options
   * @param options.urgency - see {@link QUICStream.setPriority}
   * @param options.incremental - see {@link QUICStream.setPriority}
   * @param options.signal - cancels the stream with its reason when it aborts, also while it waits
   * to be opened
   *
   * @throws the reason of a signal that has aborted
   * @throws {errors.ErrorQUICConnectionNotRunning} when the connection was stopped; `cause` says
   * what it ended with
   * @throws {errors.ErrorQUICConnectionStopping} when the connection waits for its streams to end
   * @throws {errors.ErrorQUICConnectionClosed} when the connection was closed, likewise
   */
  public newStream(
    type: 'bidi' | 'uni' = 'bidi',
    options?: {
      urgency?: number | undefined;
      incremental?: boolean | undefined;
    } & AbortOptions,
  ): QUICStream {
    const state = this[internals.state];
    validateStreamType(type);
    if (options !== undefined) {
      validatePriority(options, 'options');
      checkNames(options, newStreamNames, state.logger);
      validateSignal(options.signal, 'options.signal');
      throwIfAborted(options.signal);
    }
    if (!state.isRunning) throw state.notRunningError();
    if (state.isClosed) throw state.closedError();
    if (this[internals.closing].isStopping)
      throw new ErrorQUICConnectionStopping();
    const stream = this[internals.streams].open(type);
    if (options !== undefined) {
      const { urgency, incremental, signal } = options;
      if (urgency !== undefined || incremental !== undefined) {
        stream.setPriority({ urgency, incremental });
      }
      if (signal !== undefined) stream[internals.cancelWith](signal);
    }
    return stream;
  }

  /**
   * Moves the connection of a client to another socket, such as one of another network (connection
   * migration, RFC 9000 section 9). The new path is probed first. The connection uses the old path
   * until the server answers on the new one, and stays there if it does not. No byte of any stream
   * is lost.
   *
   * The application may stop the socket that the connection leaves. A socket that the client made
   * itself is stopped along with the client.
   *
   * @param opts
   * @param opts.socket - a running socket, which is shared: whoever made it stops it, after the
   * client
   * @param opts.signal - gives up the migration when it aborts, unless it has succeeded
   *
   * @throws the reason of the signal
   * @throws {errors.ErrorQUICConnectionMigration} when it did not succeed, see its `data`
   * @throws {errors.ErrorQUICConnectionNotRunning}
   */
  public async migrate(
    opts: { socket: QUICSocket } & AbortOptions,
  ): Promise<void> {
    validateObject(opts, 'opts');
    checkNames(opts, migrateNames, this[internals.state].logger);
    validateSocket(opts.socket ?? null);
    validateSignal(opts.signal);
    await this[internals.migration].migrate(opts.socket, opts.signal);
  }

  /**
   * Unreliable datagrams (RFC 9221). Both ends have to enable them with `config.enableDgram`. The
   * object is always the same, and exists even if datagrams are not enabled.
   */
  public get datagrams(): QUICDatagrams {
    const state = this[internals.state];
    if (state.datagrams === undefined) {
      const { incoming, outgoing } = highWaterMarks(state.config);
      state.datagrams = new QUICDatagrams({
        handle: state.handle,
        local: state.description?.localDatagrams ?? false,
        peer: state.description?.peerDatagrams ?? false,
        incomingHighWaterMark: incoming,
        outgoingHighWaterMark: outgoing,
      });
      if (state.error !== null) {
        state.datagrams[internals.connectionClosed](state.error);
      }
    }
    return state.datagrams;
  }

  /**
   * The streams that the peer opens, until the connection is closed. Streams that were opened while
   * nobody listened come first. Streams that wait here count towards `config.initialMaxStreamsBidi`
   * and `initialMaxStreamsUni`, so that their number is bounded.
   *
   * ```ts
   * for await (const stream of connection.incomingStreams) serve(stream);
   * ```
   *
   * A loop over `values({ signal })` fails with the reason of the signal when that aborts.
   */
  public get incomingStreams(): AbortableIterable<QUICStream> {
    return iterate(this, EventQUICConnectionStream.name, this.closedP, () =>
      this[internals.takeUnheard](),
    );
  }

  /**
   * Takes out the streams that came when nobody listened.
   *
   * @internal
   */
  public [internals.takeUnheard](): Array<QUICStream> {
    return this[internals.streams].takeUnheard();
  }

  /**
   * Ends all streams, including those that `stop` waits for, and keeps the connection open.
   */
  public destroyStreams(reason?: any): void {
    this[internals.streams].cancel(reason);
  }
}

export default QUICConnection;
