import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { LogLevel } from '@matrixai/logger';
import {
  errors,
  events,
  type StreamCodeToReason,
  type StreamReasonToCode,
} from '@matrixai/quic';
import { logStream, once, record } from '../helpers/events.js';
import { forEachIO, type IO } from '../helpers/io.js';
import { recordingLogger } from '../helpers/logging.js';
import { ends, openStream, pair, sides } from '../helpers/pair.js';
import { exchange, payload, readAll, serveEcho } from '../helpers/streams.js';

const timeout = 30_000;

class Reason extends Error {
  constructor(
    readonly code: number,
    readonly side?: 'read' | 'write',
  ) {
    super(`reason ${code}`);
  }
}

// Codes need more than 32 bits, and differ by the side that they are made for
const base = { read: 2 ** 40, write: 2 ** 41 };
const reasonToCode: StreamReasonToCode = (side, reason) =>
  reason instanceof Reason ? base[side] + reason.code : 0;
const codeToReason: StreamCodeToReason = (side, code) => new Reason(code, side);
const mapped = { reasonToCode, codeToReason };

async function streams(t: TestContext, io: IO, codes = {}) {
  const { connection, serverConnection } = await pair(t, io, {
    server: codes,
    client: codes,
  });
  const [stream, peerStream] = await openStream(connection, serverConnection);
  return { stream, peerStream };
}

forEachIO((io) => {
  test('abort resets the stream: the peer reads the reason of its code', {
    timeout,
  }, async (t) => {
    const { stream, peerStream } = await streams(t, io, mapped);
    const failed = once(stream, events.EventQUICStreamError);
    const closed = once(stream, events.EventQUICStreamCloseWrite);
    const peerFailed = once(peerStream, events.EventQUICStreamError);
    const peerClosed = once(peerStream, events.EventQUICStreamCloseRead);
    const writer = stream.writable.getWriter();
    const reader = peerStream.readable.getReader();
    const pendingRead = reader.read();

    const reason = new Reason(5);
    const code = base.write + 5;
    const peerReason = new Reason(code, 'read');
    await Promise.all([
      writer.abort(reason),
      assert.rejects(pendingRead, peerReason),
      assert.rejects(reader.closed, peerReason),
      assert.rejects(writer.closed, (error) => error === reason),
    ]);
    await assert.rejects(
      writer.write(new Uint8Array(1)),
      (error) => error === reason,
    );

    for (const { detail } of [await failed, await closed]) {
      assert.ok(detail instanceof errors.ErrorQUICStreamLocalWrite);
      assert.equal(detail.data.code, code);
      assert.equal(detail.cause, reason);
    }
    for (const { detail } of [await peerFailed, await peerClosed]) {
      assert.ok(detail instanceof errors.ErrorQUICStreamPeerRead);
      assert.equal(detail.data.code, code);
      assert.deepEqual(detail.cause, peerReason);
    }
    assert.ok(stream.writeClosed && peerStream.readClosed);
    assert.ok(!stream.readClosed && !peerStream.writeClosed);
  });

  test('cancel stops the peer: its writer fails with the reason of the code', {
    timeout,
  }, async (t) => {
    const { stream, peerStream } = await streams(t, io, mapped);
    const failed = once(stream, events.EventQUICStreamError);
    const closed = once(stream, events.EventQUICStreamCloseRead);
    const peerFailed = once(peerStream, events.EventQUICStreamError);
    const peerClosed = once(peerStream, events.EventQUICStreamCloseWrite);
    const reader = stream.readable.getReader();
    const pendingRead = reader.read();
    const writer = peerStream.writable.getWriter();

    const reason = new Reason(6);
    const code = base.read + 6;
    const peerReason = new Reason(code, 'write');
    await Promise.all([
      reader.cancel(reason),
      assert.rejects(writer.closed, peerReason),
    ]);
    await assert.rejects(writer.write(new Uint8Array(1)), peerReason);
    // The Streams Standard ends the reads of a stream that is cancelled
    assert.equal((await pendingRead).done, true);

    for (const { detail } of [await failed, await closed]) {
      assert.ok(detail instanceof errors.ErrorQUICStreamLocalRead);
      assert.equal(detail.data.code, code);
      assert.equal(detail.cause, reason);
    }
    for (const { detail } of [await peerFailed, await peerClosed]) {
      assert.ok(detail instanceof errors.ErrorQUICStreamPeerWrite);
      assert.equal(detail.data.code, code);
      assert.deepEqual(detail.cause, peerReason);
    }
    assert.ok(stream.readClosed && peerStream.writeClosed);
    assert.ok(!stream.writeClosed && !peerStream.readClosed);
  });

  for (const opener of sides) {
    test(`every code reaches the other end of a stream of the ${opener} unchanged`, {
      timeout,
    }, async (t) => {
      const options = {
        reasonToCode: (_: string, reason: Reason) => reason.code,
        codeToReason,
      };
      const { local, peer } = await ends(t, io, opener, {
        server: options,
        client: options,
      });
      for (const code of [
        ...[0, 1, 63, 64, 16384, 2 ** 30, 2 ** 31, 2 ** 32 - 1, 2 ** 32],
        ...[2 ** 45 + 12345, 2 ** 52 + 1, 2 ** 53 - 2, 2 ** 53 - 1],
      ]) {
        for (const turn of [false, true]) {
          const opened = await openStream(local, peer);
          const [own, other] = turn ? opened.toReversed() : opened;
          const failures = logStream(other);
          const reader = other.readable.getReader();
          const writer = other.writable.getWriter();
          const rejected = Promise.all([
            assert.rejects(reader.read(), new Reason(code, 'read')),
            assert.rejects(writer.closed, new Reason(code, 'write')),
          ]);
          own.cancel(new Reason(code));
          await rejected;
          assert.deepEqual(
            failures.flatMap(([, detail]) =>
              detail instanceof errors.ErrorQUICStream
                ? [detail.data.code]
                : [],
            ),
            [code, code, code, code],
          );
        }
      }
    });
  }

  test('a mapping that throws or gives nonsense does no harm', {
    timeout,
  }, async (t) => {
    const { logger, lines } = recordingLogger(LogLevel.WARN);
    // The reason is what makes the code, and the code what makes the reason
    const reasonToCode: StreamReasonToCode = (_, reason) => reason();
    const { connection, serverConnection } = await pair(t, io, {
      server: { codeToReason: () => assert.fail('no reason') },
      client: { reasonToCode, logger },
    });
    for (const nonsense of [
      ...[NaN, -1, 2 ** 62, 2 ** 53, 0.5, Infinity, 5n, '5', 'text', null],
      ...[undefined, {}, [7], true, Promise.resolve(7), Symbol('code')],
      () => assert.fail('no code'),
    ]) {
      const reason = () =>
        typeof nonsense === 'function' ? nonsense() : nonsense;
      const [stream, peerStream] = await openStream(
        connection,
        serverConnection,
      );
      const [entries, peerEntries] = [stream, peerStream].map(logStream);
      const reader = peerStream.readable.getReader();
      const writer = peerStream.writable.getWriter();
      const rejected = Promise.all([
        assert.rejects(reader.read(), /^Error: read 0$/),
        assert.rejects(writer.closed, /^Error: write 0$/),
        assert.rejects(
          stream.readable.getReader().read(),
          (error) => error === reason,
        ),
      ]);
      stream.cancel(reason);
      await rejected;
      await peerStream.closedP;
      for (const [, detail] of [...entries, ...peerEntries]) {
        if (detail === undefined) continue;
        assert.ok(detail instanceof errors.ErrorQUICStream);
        assert.equal(detail.data.code, 0);
      }
      assert.equal(entries.length, peerEntries.length);
    }
    assert.match(
      lines.join('\n'),
      /WARN.*reasonToCode returned number 4611686018427388000 and must return an integer from 0 to 2\^53 - 1/,
    );
    const [stream, peerStream] = await openStream(connection, serverConnection);
    serveEcho(peerStream);
    assert.deepEqual(await exchange(stream, payload(100)), payload(100));
  });

  test('whatever a mapping makes of a code is the reason', {
    timeout,
  }, async (t) => {
    const reasons = [undefined, null, 'text', 5, new Error('one'), () => {}];
    const { connection, serverConnection } = await pair(t, io, {
      server: { codeToReason: (_, code) => reasons[code] },
      client: { reasonToCode: (_, reason) => reason },
    });
    for (const [code, expected] of reasons.entries()) {
      const [stream, peerStream] = await openStream(
        connection,
        serverConnection,
      );
      const isExpected = (error: unknown) => error === expected;
      const settled = Promise.all([
        assert.rejects(peerStream.readable.getReader().read(), isExpected),
        assert.rejects(peerStream.writable.getWriter().closed, isExpected),
      ]);
      stream.cancel(code);
      await settled;
    }
  });

  for (const [name, end] of [
    ['cancel', 'cancel'],
    ['a forced destroy', 'destroy'],
  ] as const) {
    test(`${name} of a stream rejects its reads and writes with the very reason`, {
      timeout,
    }, async (t) => {
      const { stream, peerStream } = await streams(t, io, mapped);
      const reader = stream.readable.getReader();
      const pendingRead = reader.read();
      const writer = stream.writable.getWriter();
      const peerReader = peerStream.readable.getReader();
      const peerWriter = peerStream.writable.getWriter();

      const reason = new Reason(7);
      const isReason = (error: unknown) => error === reason;
      const settled = Promise.all([
        assert.rejects(pendingRead, isReason),
        assert.rejects(reader.closed, isReason),
        assert.rejects(writer.closed, isReason),
        assert.rejects(peerReader.read(), new Reason(base.write + 7, 'read')),
        assert.rejects(peerWriter.closed, new Reason(base.read + 7, 'write')),
      ]);
      if (end === 'cancel') stream.cancel(reason);
      else await stream.destroy({ force: true, reason });
      await settled;
      await Promise.all([stream.closedP, peerStream.closedP]);
      assert.ok(stream.closed && peerStream.closed);
    });
  }

  test('without mappings the code is 0 and the reason an Error', {
    timeout,
  }, async (t) => {
    const { stream, peerStream } = await streams(t, io);
    const failed = once(stream, events.EventQUICStreamError);
    const peerFailed = once(peerStream, events.EventQUICStreamError);
    const reader = peerStream.readable.getReader();
    const pendingRead = assert.rejects(reader.read(), Error);
    await stream.writable.abort('any reason');
    await pendingRead;
    const { detail } = await failed;
    assert.ok(detail instanceof errors.ErrorQUICStreamLocalWrite);
    assert.equal(detail.data.code, 0);
    assert.equal(detail.cause, 'any reason');
    const { detail: peerDetail } = await peerFailed;
    assert.ok(peerDetail instanceof errors.ErrorQUICStreamPeerRead);
    assert.equal(peerDetail.data.code, 0);
    assert.ok(peerDetail.cause instanceof Error);
  });

  test('a side that is left alone ends in an orderly way, then the stream is destroyed', {
    timeout,
  }, async (t) => {
    const { stream, peerStream } = await streams(t, io, mapped);
    const names = [stream, peerStream].map((each) =>
      record(
        each,
        events.EventQUICStreamError,
        events.EventQUICStreamCloseRead,
        events.EventQUICStreamCloseWrite,
        events.EventQUICStreamDestroyed,
      ),
    );
    const reset = once(peerStream, events.EventQUICStreamCloseRead);
    const ended = once(stream, events.EventQUICStreamCloseRead);
    const destroyed = [stream, peerStream].map((each) =>
      once(each, events.EventQUICStreamDestroyed),
    );
    await stream.writable.abort(new Reason(8));
    await reset;
    await peerStream.writable.close();
    await readAll(stream.readable);
    assert.equal((await ended).detail, undefined);
    await Promise.all(destroyed);
    assert.ok(stream.closed && peerStream.closed);
    assert.deepEqual(names, [
      [
        'EventQUICStreamError',
        'EventQUICStreamCloseWrite',
        'EventQUICStreamCloseRead',
        'EventQUICStreamDestroyed',
      ],
      [
        'EventQUICStreamError',
        'EventQUICStreamCloseRead',
        'EventQUICStreamCloseWrite',
        'EventQUICStreamDestroyed',
      ],
    ]);
  });

  test('a stream that ends in an orderly way has no error', {
    timeout,
  }, async (t) => {
    const { stream, peerStream } = await streams(t, io, mapped);
    const failures = [stream, peerStream].map((each) =>
      record(each, events.EventQUICStreamError),
    );
    await Promise.all([stream.writable.close(), peerStream.writable.close()]);
    await Promise.all([readAll(stream.readable), readAll(peerStream.readable)]);
    await Promise.all([stream.closedP, peerStream.closedP]);
    await Promise.all([stream.destroy(), peerStream.destroy()]);
    assert.deepEqual(failures, [[], []]);
  });

  test('closing the writer and then destroying the stream is no error at the peer', {
    timeout,
  }, async (t) => {
    const { stream, peerStream } = await streams(t, io, mapped);
    const writer = stream.writable.getWriter();
    await writer.write(Buffer.from('last words'));
    await writer.close();
    const received = readAll(peerStream.readable);
    await stream.destroy({ force: true });
    assert.equal((await received).toString(), 'last words');
    assert.ok(stream.closed);
  });
});
