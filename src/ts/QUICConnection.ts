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
 * A connection always ends with an error, which says who closed it with which code, or that the
 * peer was not heard of any more: {@link events.EventQUICConnectionError}, then
 * {@link events.EventQUICConnectionClose}. All its streams end with it.
 *
 * `node:diagnostics_channel` has `matrixai.quic.connection.open` and
 * `matrixai.quic.connection.close` for all connections of the thread, see `QUICConnectionMessage`.
 */
class QUICConnection extends LivingConnection {
  /**
   * What the connection has measured and counted so far; once it is closed, until then. A call
   * takes about a microsecond.
   */
  public stats(): ConnectionStats {
    const state = this[internals.state];
    return (
      state.lastStats ?? readStats(state, this.streamMap.size, state.datagrams)
    );
  }

  /**
   * Opens a stream. When the peer's limit is reached (RFC 9000 section 4.6) the stream opens as
   * soon as the peer gives credit; what is written meanwhile is sent then.
   *
   * The peer learns of a stream with its first byte, or with the reset of one that was written to,
   * even if none of that has left yet. Of a stream that ends before anything was written it does
   * not.
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
   * Moves the connection of a client to another socket (connection migration, RFC 9000 section 9),
   * as to another network. The new path is probed first: until the server has answered there, and
   * if it does not, the connection goes on as before. No byte of any stream is lost.
   *
   * The socket that the connection leaves may be stopped then; one that the client had made itself
   * is stopped along with the client.
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
   * Unreliable datagrams (RFC 9221), which both ends have to enable with `config.enableDgram`. The
   * object is always the same, and there also when datagrams are not enabled.
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
   * The streams that the peer opens, until the connection is closed: first those that came when
   * nobody listened, then all that come from the moment on that iteration begins. Those that wait
   * to be taken count towards `config.initialMaxStreamsBidi` and `initialMaxStreamsUni`, which
   * bounds them.
   *
   * ```ts
   * for await (const stream of connection.incomingStreams) serve(stream);
   * ```
   *
   * Its method `values({ signal })` gives those until a signal aborts, with whose reason the loop
   * then fails.
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
   * Ends all streams without closing the connection, also those that `stop` waits for.
   */
  public destroyStreams(reason?: any): void {
    this[internals.streams].cancel(reason);
  }
}

export default QUICConnection;
