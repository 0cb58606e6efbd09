import assert from 'node:assert/strict';
import type { WritableStreamDefaultWriter } from 'node:stream/web';
import { type TestContext, test } from 'node:test';
import { destroyed } from '@matrixai/async-init/CreateDestroy.js';
import {
  errors,
  events,
  native,
  type QUICClientConfigInput,
  type QUICConnection,
  type QUICStream,
  type StreamCodeToReason,
  type StreamReasonToCode,
} from '@matrixai/quic';
import { toDER } from '../helpers/certs.js';
import {
  type Entry,
  isPending,
  logStream,
  on,
  once,
  record,
  until,
} from '../helpers/events.js';
import { forEachIO, type IO } from '../helpers/io.js';
import {
  credentials,
  type Ends,
  ends,
  openStream,
  pair,
  type Side,
  sides,
} from '../helpers/pair.js';
import {
  exchange,
  KiB,
  MiB,
  payload,
  readAll,
  serveEcho,
} from '../helpers/streams.js';

const timeout = 30_000;

class Reason extends Error {
  constructor(
    readonly code: number,
    readonly side?: 'read' | 'write',
  ) {
    super(`reason ${code}`);
  }
}

const reasonToCode: StreamReasonToCode = (_, reason) => reason.code;
const codeToReason: StreamCodeToReason = (side, code) => new Reason(code, side);

function setup(
  t: TestContext,
  io: IO,
  opener: Side,
  config?: QUICClientConfigInput,
): Promise<Ends> {
  const options = { reasonToCode, codeToReason, config };
  return ends(t, io, opener, { server: options, client: options });
}

/** Checks that a promise rejects with this very reason. */
function rejectsWith(promise: Promise<unknown>, reason: unknown) {
  return assert.rejects(promise, (error) => error === reason);
}

/** Waits until no stream is left at either end. */
function noneLeft({ local, peer }: Ends): Promise<void> {
  return until(
    () =>
      native.debugStats().streams === 0 &&
      local.streamMap.size === 0 &&
      peer.streamMap.size === 0,
  );
}

/** Writes more than windows and buffers hold, to a peer that does not read. */
function block(stream: QUICStream) {
  const writer = stream.writable.getWriter();
  const write = writer.write(payload(8 * MiB));
  return { writer, write };
}

/** Checks that the details are the very same, too. */
function assertSame(entries: Array<Entry>, expected: Array<Entry>): void {
  assert.deepEqual(
    entries.map(([name]) => name),
    expected.map(([name]) => name),
  );
  for (const [i, [, detail]] of entries.entries()) {
    assert.equal(detail, expected[i][1]);
  }
}

forEachIO((io) => {
  for (const opener of sides) {
    test(`a stream of the ${opener} is cancelled before any byte and can still send`, {
      timeout,
    }, async (t) => {
      const made = await setup(t, io, opener);
      const { local, peer } = made;
      const arrived = once(peer, events.EventQUICConnectionStream);
      const stream = local.newStream();
      const reader = stream.readable.getReader();
      const read = reader.read();
      await reader.cancel(new Reason(1));
      assert.equal((await read).done, true);
      assert.ok(stream.readClosed && !stream.writeClosed);

      const writer = stream.writable.getWriter();
      await writer.write(Buffer.from('hello'));
      await writer.close();
      const { detail: peerStream } = await arrived;
      await assert.rejects(
        peerStream.writable.getWriter().closed,
        new Reason(1, 'write'),
      );
      assert.equal((await readAll(peerStream.readable)).toString(), 'hello');
      await Promise.all([stream.closedP, peerStream.closedP]);
      await noneLeft(made);
    });

    for (const ender of sides) {
      test(`the ${ender} cancels and aborts a stream of the ${opener} after data went both ways`, {
        timeout,
      }, async (t) => {
        const made = await setup(t, io, opener);
        const opened = await openStream(made.local, made.peer);
        const [own, other] = opener === ender ? opened : opened.toReversed();
        const [writer, otherWriter] = [own, other].map(({ writable }) =>
          writable.getWriter(),
        );
        const [reader, otherReader] = [own, other].map(({ readable }) =>
          readable.getReader(),
        );
        for (const [from, to] of [
          [writer, otherReader],
          [otherWriter, reader],
        ] as const) {
          await from.write(Buffer.from('hello'));
          const { value } = await to.read();
          assert.equal(Buffer.from(value!).toString(), 'hello');
        }

        const read = reader.read();
        const otherRead = otherReader.read();
        const reason = new Reason(2);
        await Promise.all([
          reader.cancel(new Reason(1)),
          writer.abort(reason),
          rejectsWith(writer.closed, reason),
          assert.rejects(otherRead, new Reason(2, 'read')),
          assert.rejects(otherReader.closed, new Reason(2, 'read')),
          assert.rejects(otherWriter.closed, new Reason(1, 'write')),
        ]);
        assert.equal((await read).done, true);
        await rejectsWith(writer.write(new Uint8Array(1)), reason);
        assert.equal((await reader.read()).done, true);
        await Promise.all([own.closedP, other.closedP]);
        await noneLeft(made);
      });
    }

    test(`both ends cancel and abort a stream of the ${opener} at once`, {
      timeout,
    }, async (t) => {
      const made = await setup(t, io, opener);
      const streams = await openStream(made.local, made.peer);
      const reasons = [new Reason(1), new Reason(2)];
      await Promise.all(
        streams.flatMap((stream, i) => {
          const reader = stream.readable.getReader();
          const writer = stream.writable.getWriter();
          return [
            reader.cancel(reasons[i]),
            writer.abort(reasons[i]),
            reader.closed,
            // Each end hears its own reason, not that of the other
            rejectsWith(writer.closed, reasons[i]),
            stream.closedP,
          ];
        }),
      );
      await noneLeft(made);
    });

    test(`close() of a stream of the ${opener} ends the reads that wait at both ends`, {
      timeout,
    }, async (t) => {
      const made = await setup(t, io, opener);
      const [stream, peerStream] = await openStream(made.local, made.peer);
      const peerReader = peerStream.readable.getReader();
      const peerRead = peerReader.read();
      const reader = stream.readable.getReader({ mode: 'byob' });
      const read = reader.read(new Uint8Array(10));
      assert.ok(await isPending(peerRead));

      await stream.writable.close();
      assert.deepEqual(await peerRead, { done: true, value: undefined });
      await peerReader.closed;
      assert.ok(stream.writeClosed && peerStream.readClosed);
      assert.ok(await isPending(read));
      assert.ok(!stream.closed && !peerStream.closed);

      await peerStream.writable.close();
      const { done, value } = await read;
      // The reader has its buffer back
      assert.equal(done, true);
      assert.equal(value!.byteLength, 0);
      assert.equal(value!.buffer.byteLength, 10);
      await reader.closed;
      await Promise.all([stream.closedP, peerStream.closedP]);
      await noneLeft(made);
    });

    for (const [how, end] of [
      ['writer.abort()', (_, writer, reason) => writer.abort(reason)],
      ['stream.cancel()', (stream, _, reason) => stream.cancel(reason)],
      [
        'stream.destroy()',
        (stream, _, reason) => stream.destroy({ force: true, reason }),
      ],
    ] as Array<
      [
        string,
        (
          stream: QUICStream,
          writer: WritableStreamDefaultWriter,
          reason: Reason,
        ) => unknown,
      ]
    >) {
      test(`${how} ends a write of the ${opener} that is blocked`, {
        timeout,
      }, async (t) => {
        const made = await setup(t, io, opener);
        const [stream, peerStream] = await openStream(made.local, made.peer);
        const { writer, write } = block(stream);
        const queued = writer.write(new Uint8Array(1));
        const reader = peerStream.readable.getReader();
        await reader.read();
        assert.ok(await isPending(write));

        const reason = new Reason(7);
        const settled = Promise.all(
          [write, queued, writer.ready, writer.closed].map((each) =>
            rejectsWith(each, reason),
          ),
        );
        await end(stream, writer, reason);
        await settled;
        assert.ok(stream.writeClosed);
        const drain = async () => {
          while (!(await reader.read()).done);
        };
        await assert.rejects(drain(), new Reason(7, 'read'));
        stream.cancel();
        peerStream.cancel();
        await noneLeft(made);
      });
    }

    test(`a peer that cancels ends a write of the ${opener} that is blocked`, {
      timeout,
    }, async (t) => {
      const made = await setup(t, io, opener);
      const [stream, peerStream] = await openStream(made.local, made.peer);
      const { writer, write } = block(stream);
      const queued = writer.write(new Uint8Array(1));
      const closing = writer.close();
      assert.ok(await isPending(write));
      const rejected = Promise.all(
        [write, queued, closing, writer.closed].map((each) =>
          assert.rejects(each, new Reason(8, 'write')),
        ),
      );
      await peerStream.readable.cancel(new Reason(8));
      await rejected;
      assert.ok(stream.writeClosed && peerStream.readClosed);
      assert.ok(!stream.readClosed && !peerStream.writeClosed);
      stream.cancel();
      await noneLeft(made);
    });

    test(`both ends of a stream of the ${opener} are blocked and give up`, {
      timeout,
    }, async (t) => {
      const made = await setup(t, io, opener);
      const streams = await openStream(made.local, made.peer);
      const blocked = streams.map(block);
      for (const { write } of blocked) assert.ok(await isPending(write));
      const reason = new Reason(9);
      await Promise.all(
        blocked.flatMap(({ writer, write }) => [
          rejectsWith(write, reason),
          rejectsWith(writer.closed, reason),
          writer.abort(reason),
        ]),
      );
      await Promise.all(
        streams.map(({ readable }) =>
          assert.rejects(readAll(readable), new Reason(9, 'read')),
        ),
      );
      await noneLeft(made);
    });

    test(`a close() of the ${opener} that waits for the peer to read can be aborted`, {
      timeout,
    }, async (t) => {
      const window = 16 * KiB;
      const made = await setup(t, io, opener, {
        initialMaxStreamDataBidiLocal: window,
        initialMaxStreamDataBidiRemote: window,
        initialMaxStreamDataUni: window,
        maxStreamWindow: window,
      });
      const [stream, peerStream] = await openStream(made.local, made.peer);
      const writer = stream.writable.getWriter();
      // More than the peer reads ahead, less than what makes a write wait
      await writer.write(payload(1536 * KiB));
      const closing = writer.close();
      assert.ok(await isPending(closing));
      const reason = new Reason(10);
      const settled = Promise.all([
        rejectsWith(closing, reason),
        rejectsWith(writer.closed, reason),
      ]);
      // The Streams Standard has it fail with the close
      await rejectsWith(writer.abort(reason), reason);
      await settled;
      assert.ok(stream.writeClosed);
      await assert.rejects(
        readAll(peerStream.readable),
        new Reason(10, 'read'),
      );
      stream.cancel();
      await noneLeft(made);
    });

    test(`destroy() with a reason ends a stream of the ${opener} at both ends`, {
      timeout,
    }, async (t) => {
      for (const ender of sides) {
        const made = await setup(t, io, opener);
        const opened = await openStream(made.local, made.peer);
        const [own, other] = opener === ender ? opened : opened.toReversed();
        const reader = own.readable.getReader();
        const writer = own.writable.getWriter();
        const otherReader = other.readable.getReader();
        const otherWriter = other.writable.getWriter();
        const reason = new Reason(11);
        const settled = Promise.all([
          rejectsWith(reader.read(), reason),
          rejectsWith(writer.closed, reason),
          assert.rejects(otherReader.read(), new Reason(11, 'read')),
          assert.rejects(otherWriter.closed, new Reason(11, 'write')),
        ]);
        await Promise.all([
          own.destroy({ force: true, reason }),
          own.destroy({ force: true, reason: new Reason(12) }),
          own.destroy({ force: false }),
        ]);
        assert.ok(own.closed && own[destroyed]);
        await settled;
        await other.closedP;
        await Promise.all([own.destroy(), other.destroy()]);
        own.cancel();
        other.cancel(new Reason(13));
        await rejectsWith(reader.read(), reason);
        await rejectsWith(writer.write(new Uint8Array(1)), reason);
        await noneLeft(made);
      }
    });

    test(`destroy() without force waits for both sides of a stream of the ${opener}`, {
      timeout,
    }, async (t) => {
      const made = await setup(t, io, opener);
      const [stream, peerStream] = await openStream(made.local, made.peer);
      const failures = [stream, peerStream].map((each) =>
        record(each, events.EventQUICStreamError),
      );
      const waiting = [
        stream.destroy({ force: false }),
        stream.destroy({ force: false }),
        peerStream.destroy({ force: false }),
      ];
      const assertWaiting = async () => {
        for (const each of waiting) assert.ok(await isPending(each));
        assert.ok(!stream[destroyed] && !peerStream[destroyed]);
      };
      await assertWaiting();
      await stream.writable.close();
      assert.equal((await readAll(peerStream.readable)).length, 0);
      await assertWaiting();

      const writer = peerStream.writable.getWriter();
      await writer.write(Buffer.from('still open'));
      await writer.close();
      assert.equal((await readAll(stream.readable)).toString(), 'still open');
      await Promise.all(waiting);
      assert.ok(stream[destroyed] && peerStream[destroyed]);
      assert.deepEqual(failures, [[], []]);
      await noneLeft(made);
    });

    test(`a stream of the ${opener} that was cancelled gives the reason to who comes later`, {
      timeout,
    }, async (t) => {
      const { local } = await setup(t, io, opener);
      const stream = local.newStream();
      const reason = new Reason(14);
      stream.cancel(reason);
      stream.cancel(new Reason(15));
      assert.ok(stream.closed);
      await stream.closedP;
      await rejectsWith(stream.readable.getReader().read(), reason);
      const writer = stream.writable.getWriter();
      await rejectsWith(writer.write(new Uint8Array(1)), reason);
    });

    for (const [type, how, end] of [
      [
        'bidi',
        'cancelled and aborted',
        async (stream, reason) => {
          await stream.readable.cancel(reason);
          await stream.writable.abort(reason);
        },
      ],
      // The peer ends the other side of a stream that it gets no byte of
      ['bidi', 'aborted', (stream, reason) => stream.writable.abort(reason)],
      ['uni', 'aborted', (stream, reason) => stream.writable.abort(reason)],
      ...(['bidi', 'uni'] as const).flatMap((type) => [
        [
          type,
          'ended by cancel()',
          (stream: QUICStream, reason: Reason) => stream.cancel(reason),
        ],
        [
          type,
          'destroyed',
          (stream: QUICStream, reason: Reason) =>
            stream.destroy({ force: true, reason }),
        ],
      ]),
    ] as Array<
      [
        'bidi' | 'uni',
        string,
        (stream: QUICStream, reason: Reason) => Promise<void> | void,
      ]
    >) {
      test(`50 ${type} streams of the ${opener} are ${how} before any byte, and leave nothing`, {
        timeout,
      }, async (t) => {
        const made = await setup(t, io, opener, {
          initialMaxStreamsBidi: 5,
          initialMaxStreamsUni: 5,
        });
        const { local, peer } = made;
        const arrived: Array<QUICStream> = [];
        on(peer, events.EventQUICConnectionStream, ({ detail }) => {
          arrived.push(detail);
        });
        for (let i = 0; i < 50; i++) {
          const stream = local.newStream(type);
          // So that each one uses up credit
          await stream.opened;
          await end(stream, new Reason(16));
          await stream.closedP;
        }
        await noneLeft(made);
        assert.equal(arrived.length, 0);

        const next = once(peer, events.EventQUICConnectionStream);
        const stream = local.newStream();
        const echoed = exchange(stream, payload(1000));
        serveEcho((await next).detail);
        assert.deepEqual(await echoed, payload(1000));
        assert.equal(arrived.length, 1);
        await noneLeft(made);
      });
    }

    for (const size of [1, 6, 5 * KiB, MiB]) {
      for (const [how, end, isBoth] of [
        ['cancel()', (stream, _, reason) => stream.cancel(reason), true],
        [
          'destroy()',
          (stream, _, reason) => void stream.destroy({ reason }),
          true,
        ],
        ['abort()', (_, writer, reason) => void writer.abort(reason), false],
      ] as Array<
        [
          string,
          (
            stream: QUICStream,
            writer: WritableStreamDefaultWriter<Uint8Array>,
            reason: Reason,
          ) => void,
          boolean,
        ]
      >) {
        test(`${how} before ${size} bytes of a stream of the ${opener} have left tells the peer of both`, {
          timeout,
        }, async (t) => {
          const made = await setup(t, io, opener);
          const { local, peer } = made;
          const arrived = once(peer, events.EventQUICConnectionStream);
          const stream = local.newStream();
          const writer = stream.writable.getWriter();
          const written = writer.write(payload(size));
          if (size <= KiB) await written;
          else written.catch(() => {});
          end(stream, writer, new Reason(17));
          const { detail: peerStream } = await arrived;
          assert.equal(peerStream.streamId, stream.streamId);
          await assert.rejects(
            readAll(peerStream.readable),
            new Reason(17, 'read'),
          );
          const peerWriter = peerStream.writable.getWriter();
          if (isBoth) {
            await assert.rejects(peerWriter.closed, new Reason(17, 'write'));
          } else {
            await peerWriter.close();
            assert.equal((await readAll(stream.readable)).length, 0);
          }
          await noneLeft(made);
        });
      }
    }

    test(`a write of the ${opener} that waits for the peer's limit and is aborted opens the stream later, with the reason`, {
      timeout,
    }, async (t) => {
      const made = await setup(t, io, opener, { initialMaxStreamsBidi: 1 });
      const { local, peer } = made;
      const [first] = await openStream(local, peer);
      const arrived = once(peer, events.EventQUICConnectionStream);
      const stream = local.newStream();
      const writer = stream.writable.getWriter();
      await writer.write(payload(6));
      await writer.abort(new Reason(18));
      first.cancel();
      const { detail: peerStream } = await arrived;
      await assert.rejects(
        readAll(peerStream.readable),
        new Reason(18, 'read'),
      );
      await peerStream.writable.close();
      assert.equal((await readAll(stream.readable)).length, 0);
      await noneLeft(made);
    });

    test(`a bidirectional stream of the ${opener} tells its state at each phase`, {
      timeout,
    }, async (t) => {
      const { local, peer } = await setup(t, io, opener);
      const state = (stream: QUICStream, connection: QUICConnection) => ({
        readClosed: stream.readClosed,
        writeClosed: stream.writeClosed,
        closed: stream.closed,
        destroyed: stream[destroyed],
        inMap: connection.streamMap.get(stream.streamId) === stream,
      });
      const open = {
        readClosed: false,
        writeClosed: false,
        closed: false,
        destroyed: false,
        inMap: true,
      };
      const gone = {
        readClosed: true,
        writeClosed: true,
        closed: true,
        destroyed: true,
        inMap: false,
      };
      const fresh = local.newStream();
      assert.deepEqual(state(fresh, local), open);
      assert.equal(peer.streamMap.size, 0);
      fresh.cancel();
      assert.deepEqual(state(fresh, local), gone);

      const [stream, peerStream] = await openStream(local, peer);
      assert.deepEqual(state(stream, local), open);
      assert.deepEqual(state(peerStream, peer), open);
      assert.ok(await isPending(stream.closedP));

      await stream.writable.close();
      const read = peerStream.readable.getReader().read();
      assert.deepEqual(await read, { done: true, value: undefined });
      assert.deepEqual(state(stream, local), { ...open, writeClosed: true });
      assert.deepEqual(state(peerStream, peer), { ...open, readClosed: true });
      assert.ok(await isPending(stream.closedP));
      assert.ok(await isPending(peerStream.closedP));

      await peerStream.writable.close();
      assert.deepEqual(state(peerStream, peer), gone);
      assert.equal((await readAll(stream.readable)).length, 0);
      assert.deepEqual(state(stream, local), gone);
      await Promise.all([stream.closedP, peerStream.closedP]);
    });

    test(`a unidirectional stream of the ${opener} has one side at each end`, {
      timeout,
    }, async (t) => {
      const made = await setup(t, io, opener);
      const { local, peer } = made;
      const [stream, peerStream] = await openStream(local, peer, 'uni');
      assert.ok(stream.readClosed && !stream.writeClosed && !stream.closed);
      assert.ok(peerStream.writeClosed && !peerStream.readClosed);
      assert.ok(!peerStream.closed);

      const reader = stream.readable.getReader();
      assert.deepEqual(await reader.read(), { done: true, value: undefined });
      await reader.closed;
      await reader.cancel(new Reason(17));
      const peerWriter = peerStream.writable.getWriter();
      await peerWriter.closed;
      // Node 20 throws where the Streams Standard has it reject
      await assert.rejects(async () => peerWriter.write(new Uint8Array(1)));
      await peerWriter.abort(new Reason(17));
      // Neither of it touched the other side
      assert.ok(!stream.closed && !peerStream.closed);

      const read = peerStream.readable.getReader().read();
      await stream.writable.close();
      assert.equal((await read).done, true);
      assert.ok(stream.closed && peerStream.closed);
      await Promise.all([stream.closedP, peerStream.closedP]);
      await noneLeft(made);
    });

    test(`a unidirectional stream of the ${opener} is aborted, another one cancelled by the peer`, {
      timeout,
    }, async (t) => {
      const made = await setup(t, io, opener);
      const { local, peer } = made;
      const [aborted, abortedPeer] = await openStream(local, peer, 'uni');
      const read = abortedPeer.readable.getReader().read();
      await aborted.writable.abort(new Reason(18));
      await assert.rejects(read, new Reason(18, 'read'));

      const [stopped, stoppedPeer] = await openStream(local, peer, 'uni');
      const writer = stopped.writable.getWriter();
      await stoppedPeer.readable.cancel(new Reason(19));
      await assert.rejects(writer.closed, new Reason(19, 'write'));
      await noneLeft(made);
    });

    test(`events of a stream of the ${opener} come in order, and again on its connection and owner`, {
      timeout,
    }, async (t) => {
      const made = await setup(t, io, opener);
      const { client, server, local, peer } = made;
      const [owner, peerOwner] =
        opener === 'client' ? [client, server] : [server, client];
      const [stream, peerStream] = await openStream(local, peer);

      const [own, other] = [
        [stream, local, owner],
        [peerStream, peer, peerOwner],
      ].map((targets) => targets.map(logStream));
      const reasons = { read: new Reason(20), write: new Reason(21) };
      const stopped = once(peerStream, events.EventQUICStreamCloseWrite);
      await stream.readable.cancel(reasons.read);
      await stopped;
      await stream.writable.abort(reasons.write);
      await peerStream.closedP;

      for (const [logs, Read, Write, causes, order] of [
        [
          own,
          errors.ErrorQUICStreamLocalRead,
          errors.ErrorQUICStreamLocalWrite,
          reasons,
          ['Read', 'Write'],
        ],
        [
          other,
          errors.ErrorQUICStreamPeerRead,
          errors.ErrorQUICStreamPeerWrite,
          { read: new Reason(21, 'read'), write: new Reason(20, 'write') },
          ['Write', 'Read'],
        ],
      ] as const) {
        const [entries, ...again] = logs;
        assert.deepEqual(
          entries.map(([name]) => name),
          [
            ...order.flatMap((side) => [
              'EventQUICStreamError',
              `EventQUICStreamClose${side}`,
            ]),
            'EventQUICStreamDestroy',
            'EventQUICStreamDestroyed',
          ],
        );
        for (const [i, side] of order.entries()) {
          const [ErrorClass, cause] =
            side === 'Read' ? [Read, causes.read] : [Write, causes.write];
          const error = entries[2 * i][1];
          assert.ok(error instanceof ErrorClass, `${error}`);
          assert.equal(error.data.code, cause.code);
          assert.deepEqual(error.cause, cause);
          assert.equal(entries[2 * i + 1][1], error);
        }
        // Of this end the very reasons
        if (logs === own) {
          assert.equal((entries[0][1] as Error).cause, reasons.read);
          assert.equal((entries[2][1] as Error).cause, reasons.write);
        }
        for (const each of again) assertSame(each, entries);
      }
    });
  }

  test('stream IDs and types are the same at both ends', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io);
    for (const [local, peer, type, ids] of [
      [connection, serverConnection, 'bidi', [0, 4, 8]],
      [serverConnection, connection, 'bidi', [1, 5, 9]],
      [connection, serverConnection, 'uni', [2, 6, 10]],
      [serverConnection, connection, 'uni', [3, 7, 11]],
    ] as const) {
      for (const streamId of ids) {
        const [stream, peerStream] = await openStream(local, peer, type);
        for (const [each, initiated] of [
          [stream, 'local'],
          [peerStream, 'peer'],
        ] as const) {
          assert.equal(each.streamId, streamId);
          assert.equal(each.type, type);
          assert.equal(each.initiated, initiated);
        }
        assert.equal(local.streamMap.get(stream.streamId), stream);
        assert.equal(peer.streamMap.get(stream.streamId), peerStream);
      }
    }
  });

  test('meta of a stream is that of its connection, also after both have ended', {
    timeout,
  }, async (t) => {
    const { client, connection, serverConnection } = await pair(t, io, {
      server: {
        config: { verifyPeer: true, verifyCallback: async () => undefined },
      },
      client: { config: credentials },
    });
    const [stream, peerStream] = await openStream(connection, serverConnection);
    const [uni, peerUni] = await openStream(
      serverConnection,
      connection,
      'uni',
    );
    const der = toDER(credentials.cert);
    const before = [stream.meta, peerStream.meta];
    const check = () => {
      for (const each of [stream, peerUni]) {
        assert.deepEqual(each.meta, connection.meta());
        assert.deepEqual(each.meta, before[0]);
      }
      for (const each of [peerStream, uni]) {
        assert.deepEqual(each.meta, serverConnection.meta());
        assert.deepEqual(each.meta, before[1]);
      }
    };
    for (const meta of before) {
      for (const chain of [meta.remoteCertsChain, meta.localCertsChain]) {
        assert.equal(chain.length, 1);
        assert.ok(Buffer.from(chain[0]).equals(der));
      }
    }
    assert.equal(before[0].localPort, before[1].remotePort);
    assert.equal(before[1].localPort, before[0].remotePort);
    check();
    stream.cancel();
    await peerStream.closedP;
    check();
    await client.destroy({ force: true });
    await serverConnection.closedP;
    check();
  });
});
