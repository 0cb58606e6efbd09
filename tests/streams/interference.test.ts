// What others can do to streams of this library, and to the runtime under it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { addAbortSignal } from 'node:stream';
import { ReadableStream, WritableStream } from 'node:stream/web';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Logger, { LogLevel, StreamHandler } from '@matrixai/logger';
import { native } from '@matrixai/quic';
import { until } from '../helpers/events.js';
import { forEachIO, type IO } from '../helpers/io.js';
import { openStream, pair } from '../helpers/pair.js';
import { exchange, KiB, payload, serveEcho } from '../helpers/streams.js';

const timeout = 30_000;

const noneLeft = () => until(() => native.debugStats().connections === 0);

/** A pair with datagrams, whose server echoes streams. */
function setup(t: TestContext, io: IO) {
  const config = { enableDgram: [true, 0, 0] as [boolean, number, number] };
  return pair(t, io, {
    server: { config, onStream: serveEcho },
    client: { config },
  });
}

/** A signal, and what fails the stream that it was added to. */
function signalFor(stream: ReadableStream | WritableStream) {
  const controller = new AbortController();
  // It takes web streams too, which its type does not say
  addAbortSignal(controller.signal, stream as any);
  return () => controller.abort(new Error('enough'));
}

const isAbort = { name: 'AbortError' };

forEachIO((io) => {
  for (const [how, wait] of [
    ['nobody reads', () => undefined],
    ['a reader waits', (readable) => readable.getReader().read()],
    ['a pipe waits', (readable) => readable.pipeTo(new WritableStream())],
    [
      'a reader from before waits',
      (_, reader: ReadableStreamDefaultReader | undefined) => reader?.read(),
    ],
  ] as Array<
    [
      string,
      (
        readable: ReadableStream,
        reader?: ReadableStreamDefaultReader,
      ) => Promise<unknown> | undefined,
    ]
  >) {
    for (const comesFirst of ['the abort', 'the datagram']) {
      test(`addAbortSignal() ends the readable of datagrams alone when ${how}, and ${comesFirst} comes first`, {
        timeout,
      }, async (t) => {
        const { client, connection, serverConnection, server } = await setup(
          t,
          io,
        );
        const { readable } = connection.datagrams;
        const reader = how.includes('before')
          ? readable.getReader()
          : undefined;
        const abort = signalFor(readable);
        const waiting = wait(readable, reader);
        const rejected =
          waiting === undefined || comesFirst === 'the datagram'
            ? waiting?.catch(() => {})
            : assert.rejects(waiting, isAbort);
        const writer = serverConnection.datagrams.writable.getWriter();
        const send = async () => {
          for (let i = 0; i < 10; i++) await writer.write(payload(100));
          await exchange(connection.newStream(), payload(KiB));
        };
        if (comesFirst === 'the datagram') await send();
        abort();
        // In the same turn, and later
        const sent = send();
        await rejected;
        await sent;
        await send();
        reader?.releaseLock();
        if (!readable.locked) {
          await assert.rejects(readable.getReader().read(), isAbort);
        }
        await client.destroy({ force: true });
        await server.stop();
        await noneLeft();
      });
    }
  }

  test('addAbortSignal() ends the writable of datagrams alone', {
    timeout,
  }, async (t) => {
    const { client, connection, server } = await setup(t, io);
    const { writable } = connection.datagrams;
    const writer = writable.getWriter();
    const abort = signalFor(writable);
    await writer.write(payload(100));
    abort();
    await assert.rejects(writer.closed, isAbort);
    await assert.rejects(writer.write(payload(100)), isAbort);
    await exchange(connection.newStream(), payload(KiB));
    await client.destroy({ force: true });
    await server.stop();
    await noneLeft();
  });

  for (const isHeld of [false, true]) {
    test(`addAbortSignal() resets a stream ${isHeld ? 'that a writer holds' : 'whose writable nobody holds'}`, {
      timeout,
    }, async (t) => {
      const { connection, serverConnection } = await pair(t, io, {
        client: { reasonToCode: (_, { name }) => name.length },
        server: { codeToReason: (_, code) => new Error(`code ${code}`) },
      });
      const [stream, peerStream] = await openStream(
        connection,
        serverConnection,
      );
      const writer = isHeld ? stream.writable.getWriter() : undefined;
      const abort = signalFor(stream.writable);
      const read = peerStream.readable.getReader().read();
      abort();
      await assert.rejects(read, new Error(`code ${isAbort.name.length}`));
      writer?.releaseLock();
      await assert.rejects(stream.writable.getWriter().closed, isAbort);
      // The other side goes on
      await peerStream.writable.close();
      const { done } = await stream.readable.getReader().read();
      assert.equal(done, true);
      await Promise.all([stream.closedP, peerStream.closedP]);
    });
  }

  test('a stream cannot be cloned, as those of Node cannot', {
    timeout,
  }, async (t) => {
    const { connection } = await setup(t, io);
    const { port1 } = new MessageChannel();
    t.after(() => port1.close());
    for (const { readable, writable } of [
      connection.newStream(),
      connection.datagrams,
    ]) {
      for (const stream of [readable, writable]) {
        assert.throws(() => structuredClone(stream));
        assert.throws(() => structuredClone({ stream }));
        assert.throws(() => port1.postMessage(stream as any));
        assert.deepEqual(Object.keys(stream), []);
      }
    }
  });

  test('what a stream does not do in its state is an error with the code of Node', {
    timeout,
  }, async (t) => {
    const { connection } = await setup(t, io);
    const calls: Array<
      [string, (made: { readable: any; writable: any }) => unknown]
    > = [
      [
        'second reader',
        ({ readable }) => [0, 0].map(() => readable.getReader()),
      ],
      [
        'cancel() when locked',
        ({ readable }) => [readable.getReader(), readable.cancel()][1],
      ],
      [
        'loop when locked',
        ({ readable }) => [readable.getReader(), readable.values()][1],
      ],
      [
        'tee() when locked',
        ({ readable }) => [readable.getReader(), readable.tee()][1],
      ],
      ...['read', 'cancel', 'closed'].map(
        (name) =>
          [
            `${name} of a reader that was released`,
            ({ readable }: any) => callReleased(readable.getReader(), name),
          ] as any,
      ),
      [
        'a read that waits when its reader is released',
        ({ readable }) => {
          const reader = readable.getReader();
          const read = reader.read();
          reader.releaseLock();
          return read;
        },
      ],
      [
        'second writer',
        ({ writable }) => [0, 0].map(() => writable.getWriter()),
      ],
      [
        'close() when locked',
        ({ writable }) => [writable.getWriter(), writable.close()][1],
      ],
      [
        'abort() when locked',
        ({ writable }) => [writable.getWriter(), writable.abort()][1],
      ],
      ...['write', 'close', 'abort', 'ready', 'closed', 'desiredSize'].map(
        (name) =>
          [
            `${name} of a writer that was released`,
            ({ writable }: any) => callReleased(writable.getWriter(), name),
          ] as any,
      ),
      [
        'write() after close()',
        ({ writable }) => {
          const writer = writable.getWriter();
          void writer.close();
          return writer.write(new Uint8Array(1));
        },
      ],
      [
        'close() after close()',
        async ({ writable }) => {
          await writable.close();
          await writable.close();
        },
      ],
    ];
    for (const [name, call] of calls) {
      const expected = await outcome(() =>
        call({
          readable: new ReadableStream(),
          writable: new WritableStream(),
        }),
      );
      assert.equal(expected.code, 'ERR_INVALID_STATE', name);
      const got = await outcome(() => call(connection.newStream()));
      assert.ok(got instanceof TypeError, `${name}: ${got}`);
      assert.equal((got as any).code, expected.code, name);
    }
  });

  test('a logger that throws does not stop the end of a connection', {
    timeout,
  }, async (t) => {
    class Broken extends StreamHandler {
      override emit() {
        if (isBroken) throw new Error('the disk is full');
      }
    }
    let isBroken = false;
    const uncaught: Array<unknown> = [];
    // Those of the runner would fail the test
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (e) => uncaught.push(e));
    t.after(() => {
      process.removeAllListeners('uncaughtException');
      for (const each of listeners) process.on('uncaughtException', each);
    });
    const logger = new Logger('broken', LogLevel.DEBUG, [new Broken()]);
    const { connection, serverConnection } = await pair(t, io, {
      client: { logger },
    });
    const [stream] = await openStream(connection, serverConnection);
    isBroken = true;
    const ended = connection.closedP;
    const read = stream.readable.getReader().read();
    await Promise.all([
      assert.rejects(read),
      serverConnection.stop({ errorCode: 5, force: true }),
    ]);
    await ended;
    assert.ok(connection.closed);
    await connection.stop();
    isBroken = false;
    await setImmediate();
    assert.ok(uncaught.length > 0);
    for (const e of uncaught) assert.match(String(e), /the disk is full/);
  });

  test('connections end with --frozen-intrinsics too', {
    timeout,
  }, async () => {
    const script = fileURLToPath(
      new URL('../fixtures/ends.js', import.meta.url),
    );
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--frozen-intrinsics',
      script,
      io,
    ]);
    const line =
      'ErrorQUICConnectionPeer Peer closed with application code 5\n';
    assert.equal(stdout, `${line}${line}0\n`);
  });
});

/** What a reader or writer does that has been released. */
function callReleased(holder: any, name: string): unknown {
  holder.releaseLock();
  const member = holder[name];
  return typeof member === 'function' ? member.call(holder) : member;
}

/** What a call throws, or rejects with. */
async function outcome(call: () => unknown): Promise<any> {
  try {
    await call();
  } catch (e) {
    return e;
  }
  return 'it did not fail';
}
