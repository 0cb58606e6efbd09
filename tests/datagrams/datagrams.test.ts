import assert from 'node:assert/strict';
import {
  ReadableStream,
  type ReadableStreamDefaultReader,
  WritableStream,
  type WritableStreamDefaultWriter,
} from 'node:stream/web';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  errors,
  events,
  type QUICClientConfigInput,
  type QUICConfig,
  type QUICConnection,
  QUICDatagrams,
} from '@matrixai/quic';
import { isPending, once, until } from '../helpers/events.js';
import { forEachIO, type IO } from '../helpers/io.js';
import {
  connect,
  openStream,
  type Pair,
  pair,
  startServer,
} from '../helpers/pair.js';
import { drop, pass, Relay } from '../helpers/relay.js';
import {
  exchange,
  MiB,
  payload,
  serveEcho,
  sha256,
} from '../helpers/streams.js';

const timeout = 30_000;
const enabled: Partial<QUICConfig> = { enableDgram: [true, 0, 0] };

type Options = { server?: Partial<QUICConfig>; client?: Partial<QUICConfig> };

/** Both ends have datagrams, unless told otherwise. */
function setup(
  t: TestContext,
  io: IO,
  { server = enabled, client = enabled }: Options = {},
): Promise<Pair> {
  return pair(t, io, {
    server: { config: server, onStream: serveEcho },
    client: { config: client },
  });
}

/** Waits until what was sent before has been handled by the peer. */
async function roundTrip(connection: QUICConnection): Promise<void> {
  await exchange(connection.newStream(), new Uint8Array(1));
}

async function readNumber(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<number> {
  const { value } = await reader.read();
  return Number(text(value!));
}

function text(datagram: Uint8Array): string {
  return Buffer.from(datagram).toString();
}

async function writeNumbers(
  writer: WritableStreamDefaultWriter<Uint8Array>,
  from: number,
  to: number,
): Promise<void> {
  for (let i = from; i < to; i++) await writer.write(Buffer.from(`${i}`));
}

/** Sends back every datagram, as long as the connection lasts. */
async function echo({ datagrams }: QUICConnection): Promise<void> {
  const writer = datagrams.writable.getWriter();
  try {
    for await (const datagram of datagrams.readable) {
      await writer.write(datagram);
    }
  } catch {
    // The client checks what comes back
  }
}

function numbers(from: number, to: number): Array<number> {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

forEachIO((io) => {
  for (const [enableDgram, incoming, outgoing] of [
    [true, 1024, 256],
    [{}, 1024, 256],
    [{ incoming: 5, outgoing: undefined }, 5, 256],
    [{ incoming: 5, outgoing: 6 }, 5, 6],
  ] as const) {
    test(`datagrams are enabled by ${JSON.stringify(enableDgram)}`, {
      timeout,
    }, async (t) => {
      const config: QUICClientConfigInput = { enableDgram };
      const { connection, serverConnection } = await pair(t, io, {
        server: { config },
        client: { config },
      });
      assert.equal(connection.datagrams.incomingHighWaterMark, incoming);
      assert.equal(connection.datagrams.outgoingHighWaterMark, outgoing);
      await connection.datagrams.writable.getWriter().write(Buffer.from('1'));
      const reader = serverConnection.datagrams.readable.getReader();
      assert.equal(await readNumber(reader), 1);
    });
  }

  test('datagrams of every size are echoed, empty ones and the largest included', {
    timeout,
  }, async (t) => {
    // Packets of another size than the default do not grow, at neither end
    const fixed = { ...enabled, maxSendUdpPayloadSize: 1400 };
    const { connection, serverConnection } = await setup(t, io, {
      server: fixed,
      client: fixed,
    });
    const { datagrams } = connection;
    assert.ok(datagrams instanceof QUICDatagrams);
    assert.equal(connection.datagrams, datagrams);
    void echo(serverConnection);
    const writer = datagrams.writable.getWriter();
    const reader = datagrams.readable.getReader();
    const largest = datagrams.maxDatagramSize;
    assert.ok(largest > 1100 && largest < 1452, `${largest}`);
    for (const size of [0, 1, 2, 255, 256, 1000, largest, 0]) {
      const sent = payload(size, size);
      await writer.write(sent);
      const { value } = await reader.read();
      assert.equal(value?.constructor, Buffer);
      assert.deepEqual(Buffer.from(value!), sent);
    }
  });

  for (const size of [1200, 1300, 1400]) {
    test(`of packets of ${size} bytes the largest datagram arrives, and one byte more is refused with the maximum`, {
      timeout,
    }, async (t) => {
      const fixed = { ...enabled, maxSendUdpPayloadSize: size };
      const { connection, serverConnection } = await setup(t, io, {
        server: fixed,
        client: fixed,
      });
      for (const [from, to] of [
        [connection, serverConnection],
        [serverConnection, connection],
      ]) {
        const { writable, maxDatagramSize } = from.datagrams;
        assert.ok(maxDatagramSize < size);
        const reader = to.datagrams.readable.getReader();
        const writer = writable.getWriter();
        for (let i = 0; i < 3; i++) {
          const tooLarge = maxDatagramSize + 1 + i * 100_000;
          await assert.rejects(writer.write(payload(tooLarge)), (e) => {
            assert.ok(e instanceof errors.ErrorQUICDatagramsTooLarge);
            assert.ok(e instanceof errors.ErrorQUICDatagrams);
            assert.deepEqual(e.data, { size: tooLarge, maxDatagramSize });
            assert.match(
              e.message,
              new RegExp(`${tooLarge}.*${maxDatagramSize}`),
            );
            return true;
          });
          const sent = payload(maxDatagramSize, i);
          await writer.write(sent);
          const { value } = await reader.read();
          assert.deepEqual(Buffer.from(value!), sent);
        }
        assert.equal(from.datagrams.droppedOutgoing, 0);
      }
    });
  }

  test('many datagrams arrive whole and at most once, and most do', {
    timeout,
  }, async (t) => {
    const count = 5000;
    const { connection, serverConnection } = await setup(t, io, {
      server: { enableDgram: [true, count, 0] },
    });
    const seen = new Set<number>();
    const read = async () => {
      for await (const datagram of serverConnection.datagrams.readable) {
        const i = Buffer.from(datagram).readUInt32LE();
        assert.ok(!seen.has(i), `${i} came twice`);
        assert.deepEqual(Buffer.from(datagram), numbered(i));
        seen.add(i);
      }
    };
    const numbered = (i: number) => {
      const datagram = payload(4 + ((i * 7) % 1000), i % 100);
      datagram.writeUInt32LE(i);
      return datagram;
    };
    const done = read();
    const writer = connection.datagrams.writable.getWriter();
    for (let i = 0; i < count; i++) {
      await writer.ready;
      writer.write(numbered(i)).catch(() => {});
    }
    await roundTrip(connection);
    await serverConnection.stop();
    await done;
    assert.ok(seen.size > count / 2, `${seen.size} arrived`);
  });

  test('the oldest datagrams make room for new ones, and are counted', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await setup(t, io, {
      server: { enableDgram: [true, 10, 0] },
    });
    const { datagrams } = serverConnection;
    assert.equal(datagrams.incomingHighWaterMark, 10);
    const writer = connection.datagrams.writable.getWriter();
    const reader = datagrams.readable.getReader();

    await writeNumbers(writer, 0, 100);
    await until(() => datagrams.droppedIncoming === 90);
    for (let i = 90; i < 100; i++) assert.equal(await readNumber(reader), i);

    // Some are read, then the reader takes its time
    await writeNumbers(writer, 100, 108);
    assert.equal(await readNumber(reader), 100);
    await writeNumbers(writer, 108, 200);
    await until(() => datagrams.droppedIncoming === 90 + 99 - 10);
    for (let i = 190; i < 200; i++) assert.equal(await readNumber(reader), i);
    assert.ok(await isPending(reader.closed));
    assert.equal(datagrams.droppedIncoming, 179);
  });

  test('high-water marks are set with numbers of datagrams only', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await setup(t, io, {
      server: { enableDgram: [true, 5, 6] },
    });
    const { datagrams } = serverConnection;
    assert.equal(datagrams.incomingHighWaterMark, 5);
    assert.equal(datagrams.outgoingHighWaterMark, 6);
    assert.ok(connection.datagrams.incomingHighWaterMark > 100);
    assert.ok(connection.datagrams.outgoingHighWaterMark > 100);
    for (const name of [
      'incomingHighWaterMark',
      'outgoingHighWaterMark',
    ] as const) {
      const before = datagrams[name];
      for (const value of [0, -1, 1.5, NaN, Infinity, 2 ** 31, '1', null]) {
        assert.throws(
          () => {
            datagrams[name] = value as number;
          },
          (e: any) =>
            e instanceof errors.ErrorQUICOptionInvalid &&
            e.data.option === name,
        );
      }
      assert.equal(datagrams[name], before);
      datagrams[name] = 2 ** 31 - 1;
      assert.equal(datagrams[name], 2 ** 31 - 1);
    }

    // Those beyond a lower one are dropped at once
    datagrams.incomingHighWaterMark = 20;
    const writer = connection.datagrams.writable.getWriter();
    await writeNumbers(writer, 0, 50);
    await until(() => datagrams.droppedIncoming === 30);
    datagrams.incomingHighWaterMark = 1;
    assert.equal(datagrams.droppedIncoming, 49);
    const reader = datagrams.readable.getReader();
    assert.equal(await readNumber(reader), 49);
  });

  for (const [local, peer, message] of [
    [false, false, /neither side/],
    [true, false, /the peer did not/],
    [false, true, /the local side did not/],
  ] as const) {
    test(`datagrams are refused when they are enabled ${local ? 'locally only' : peer ? 'by the peer only' : 'by nobody'}`, {
      timeout,
    }, async (t) => {
      const { connection, serverConnection } = await setup(t, io, {
        client: { enableDgram: [local, 0, 0] },
        server: { enableDgram: [peer, 0, 0] },
      });
      const { datagrams } = connection;
      assert.equal(datagrams.maxDatagramSize, 0);
      assert.equal(serverConnection.datagrams.maxDatagramSize, 0);
      const writer = datagrams.writable.getWriter();
      const reader = datagrams.readable.getReader();
      const read = reader.read();
      const isDisabled = (e: any) => {
        assert.ok(e instanceof errors.ErrorQUICDatagramsDisabled);
        assert.deepEqual(e.data, { local, peer });
        assert.match(e.message, message);
        return true;
      };
      for (const size of [0, 10, 5000]) {
        await assert.rejects(writer.write(payload(size)), isDisabled);
      }
      await assert.rejects(writer.ready, isDisabled);
      await assert.rejects(writer.closed, isDisabled);
      writer.releaseLock();
      await assert.rejects(
        new ReadableStream<Uint8Array>({
          start: (controller) => controller.enqueue(payload(1)),
        }).pipeTo(datagrams.writable),
        isDisabled,
      );

      await roundTrip(connection);
      assert.ok(await isPending(read));
      await serverConnection.stop();
      assert.deepEqual(await read, { done: true, value: undefined });
      assert.equal(datagrams.droppedIncoming, 0);
      assert.equal(datagrams.droppedOutgoing, 0);
    });
  }

  for (const from of ['client', 'server'] as const) {
    test(`what arrived before the ${from} closes in an orderly way is read, then the readable closes`, {
      timeout,
    }, async (t) => {
      const { connection, serverConnection } = await setup(t, io);
      const [closing, peer] =
        from === 'client'
          ? [connection, serverConnection]
          : [serverConnection, connection];
      const writer = closing.datagrams.writable.getWriter();
      // Nobody has asked the peer for them as yet
      await writeNumbers(writer, 0, 100);
      await closing.stop({ force: false });
      await peer.closedP;
      const { datagrams } = peer;
      assert.ok(peer.closed);
      const got: Array<number> = [];
      for await (const datagram of datagrams.readable) {
        got.push(Number(text(datagram)));
      }
      assert.deepEqual(got, numbers(0, 100));
      const reader = datagrams.readable.getReader();
      await reader.closed;
      assert.equal(datagrams.maxDatagramSize, 0);
      assert.equal(datagrams.droppedIncoming, 0);

      for (const { datagrams } of [closing, peer]) {
        if (datagrams.writable.locked) writer.releaseLock();
        await assert.rejects(
          datagrams.writable.getWriter().write(payload(1)),
          errors.ErrorQUICConnection,
        );
      }
    });
  }

  test('the readable and the writable fail with a connection that does', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await setup(t, io);
    const reader = connection.datagrams.readable.getReader();
    const writer = connection.datagrams.writable.getWriter();
    const serverReader = serverConnection.datagrams.readable.getReader();
    const read = reader.read();
    const serverRead = serverReader.read();
    await Promise.all([
      assert.rejects(read, errors.ErrorQUICConnectionPeer),
      assert.rejects(reader.closed, errors.ErrorQUICConnectionPeer),
      assert.rejects(writer.closed, errors.ErrorQUICConnectionPeer),
      assert.rejects(serverRead, errors.ErrorQUICConnectionLocal),
      serverConnection.stop({ errorCode: 7 }),
    ]);
    await assert.rejects(reader.read(), (e: any) => {
      assert.equal(e.data.errorCode, 7);
      return true;
    });
    await assert.rejects(writer.write(payload(1)), (e: any) => {
      assert.equal(e.data.errorCode, 7);
      return true;
    });
    await assert.rejects(
      serverConnection.datagrams.writable.getWriter().write(payload(1)),
      errors.ErrorQUICConnectionLocal,
    );
  });

  test('writes wait while the queue is full, and go on when datagrams leave', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, {
      config: enabled,
      onStream: serveEcho,
    });
    const accepted = once(server, events.EventQUICServerConnection);
    const relay = await Relay.start(t, server.port);
    const { connection } = await connect(t, io, relay.port, {
      config: enabled,
    });
    const { detail: serverConnection } = await accepted;
    const { datagrams } = connection;
    // Half of it is more than what the initial congestion window and the engine take besides
    datagrams.outgoingHighWaterMark = 180;
    const writer = datagrams.writable.getWriter();
    assert.equal(writer.desiredSize, 1);

    relay.impairment = drop;
    const sent: Array<Promise<void>> = [];
    while (writer.desiredSize! > 0) {
      await writer.ready;
      sent.push(writer.write(payload(1100)));
    }
    assert.ok(sent.length >= 180 && sent.length < 256, `${sent.length}`);
    assert.equal(writer.desiredSize, 0);
    const waiting = writer.write(Buffer.from('waited'));
    const tooLarge = writer.write(payload(5000));
    assert.equal(writer.desiredSize, -2);
    for (const promise of [writer.ready, sent.at(-1)!, waiting, tooLarge]) {
      assert.ok(await isPending(promise));
    }
    await Promise.all(sent.slice(0, -1));

    relay.impairment = pass;
    await waiting;
    await assert.rejects(tooLarge, errors.ErrorQUICDatagramsTooLarge);
    await Promise.all(sent);
    await writer.ready;
    assert.equal(writer.desiredSize, 1);
    let isBack = false;
    const read = async () => {
      for await (const datagram of serverConnection.datagrams.readable) {
        if (text(datagram) === 'back') break;
      }
      isBack = true;
    };
    const reading = read();
    while (!isBack) {
      await writer.write(Buffer.from('back'));
      await roundTrip(connection);
    }
    await reading;
  });

  test('with a queue of one each write waits for its datagram to leave', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await setup(t, io, {
      client: { enableDgram: [true, 0, 1] },
    });
    const writer = connection.datagrams.writable.getWriter();
    const written = writer.write(Buffer.from('0'));
    assert.equal(writer.desiredSize, 0);
    await written;
    await writeNumbers(writer, 1, 100);
    const reader = serverConnection.datagrams.readable.getReader();
    for (let i = 0; i < 100; i++) assert.equal(await readNumber(reader), i);
  });

  test('a write takes views and buffers, which can be used again at once, and refuses all else', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await setup(t, io);
    const writer: WritableStreamDefaultWriter<any> =
      connection.datagrams.writable.getWriter();
    const reader = serverConnection.datagrams.readable.getReader();
    const bytes = Buffer.from('0123456789');
    const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(0x61);
    const copy = (view: Buffer) => new Uint8Array(view).buffer;
    for (const [chunk, expected] of [
      [bytes.subarray(2, 5), '234'],
      [new Uint16Array(copy(bytes)), '0123456789'],
      [new DataView(copy(bytes), 1, 2), '12'],
      [copy(bytes), '0123456789'],
      [shared, 'aaaa'],
      [new ArrayBuffer(0), ''],
    ] as const) {
      await writer.write(chunk);
      const { value } = await reader.read();
      assert.equal(text(value!), expected);
    }
    const reused = Buffer.from('first');
    const first = writer.write(reused);
    reused.set(Buffer.from('later'));
    await first;
    assert.equal(text((await reader.read()).value!), 'first');

    for (const chunk of ['text', 1, null, undefined, {}, [1]]) {
      await assert.rejects(writer.write(chunk), (e: any) => {
        assert.ok(e instanceof errors.ErrorQUICOptionInvalid);
        assert.equal((e.data as any).option, 'chunk');
        return true;
      });
    }
    await writer.write(Buffer.from('after'));
    assert.equal(text((await reader.read()).value!), 'after');
  });

  test('several writers and readers take turns', { timeout }, async (t) => {
    const { connection, serverConnection } = await setup(t, io);
    const { readable } = serverConnection.datagrams;
    const { writable } = connection.datagrams;
    for (let i = 0; i < 5; i++) {
      const writer = writable.getWriter();
      const reader = readable.getReader();
      assert.throws(() => writable.getWriter(), TypeError);
      assert.throws(() => readable.getReader(), TypeError);
      const written = writer.write(Buffer.from(`${i}`));
      writer.releaseLock();
      await written;
      assert.equal(await readNumber(reader), i);
      reader.releaseLock();
    }
    assert.throws(() => readable.getReader({ mode: 'byob' }), TypeError);

    // A loop that is left can be followed by others if it does not cancel
    await writeNumbers(writable.getWriter(), 0, 3);
    for (let i = 0; i < 3; i++) {
      for await (const datagram of readable.values({ preventCancel: true })) {
        assert.equal(text(datagram), `${i}`);
        break;
      }
    }
  });

  test('a reader that cancels gets no more, and the rest goes on', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await setup(t, io);
    const { datagrams } = serverConnection;
    const writer = connection.datagrams.writable.getWriter();
    await writeNumbers(writer, 0, 3);
    for await (const datagram of datagrams.readable) {
      assert.equal(text(datagram), '0');
      break;
    }
    await writeNumbers(writer, 3, 2000);
    await roundTrip(connection);
    const reader = datagrams.readable.getReader();
    assert.deepEqual(await reader.read(), { done: true, value: undefined });
    assert.equal(datagrams.droppedIncoming, 0);

    const back = datagrams.writable.getWriter();
    await back.write(Buffer.from('still there'));
    const { value } = await connection.datagrams.readable.getReader().read();
    assert.equal(text(value!), 'still there');
    await back.close();
    await back.closed;
    await assert.rejects(back.write(payload(1)), TypeError);
  });

  test('pipes in both directions drop and count what is too large', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await setup(t, io);
    const { datagrams } = connection;
    const got: Array<string> = [];
    const piped = serverConnection.datagrams.readable.pipeTo(
      new WritableStream({
        write(datagram) {
          got.push(text(datagram));
        },
      }),
    );
    const chunks = ['one', '', 'x'.repeat(5000), 'two'];
    const source = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          const chunk = chunks.shift();
          if (chunk === undefined) controller.close();
          else controller.enqueue(Buffer.from(chunk));
        },
      });
    await source().pipeTo(datagrams.writable, { preventClose: true });
    assert.equal(datagrams.droppedOutgoing, 1);
    await until(() => got.length === 3);

    // A writer that follows is told
    const writer = datagrams.writable.getWriter();
    assert.ok(datagrams.writable.locked);
    await assert.rejects(
      writer.write(payload(5000)),
      errors.ErrorQUICDatagramsTooLarge,
    );
    await writer.write(Buffer.from('three'));
    await until(() => got.length === 4);
    writer.releaseLock();
    chunks.push('four');
    await source().pipeTo(datagrams.writable);
    await until(() => got.length === 5);
    assert.equal(datagrams.droppedOutgoing, 1);
    await connection.stop();
    await piped;
    assert.deepEqual(got, ['one', '', 'two', 'three', 'four']);
  });

  test('a readable can be split in two', { timeout }, async (t) => {
    const { connection, serverConnection } = await setup(t, io);
    const readers = serverConnection.datagrams.readable
      .tee()
      .map((readable) => readable.getReader());
    const writer = connection.datagrams.writable.getWriter();
    await writeNumbers(writer, 0, 3);
    for (let i = 0; i < 3; i++) {
      for (const reader of readers) assert.equal(await readNumber(reader), i);
    }
  });

  test('datagrams and streams in bulk do not hold each other up', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await setup(t, io);
    void echo(serverConnection);
    const writer = connection.datagrams.writable.getWriter();
    const reader = connection.datagrams.readable.getReader();
    let transferring = true;
    let echoes = 0;
    const answer = async () => {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        assert.equal(value.length, 500);
        echoes++;
      }
    };
    const answering = answer();
    const ask = async () => {
      while (transferring) {
        await writer.write(payload(500));
        await setImmediate();
      }
    };
    const data = payload(8 * MiB);
    const asking = ask();
    const received = await exchange(connection.newStream(), data);
    transferring = false;
    assert.equal(sha256(received), sha256(data));
    await asking;
    await until(() => echoes > 0);
    await connection.stop();
    await answering;
  });

  test('a graceful stop sends what was written, and refuses more once streams have ended', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io, {
      server: { config: enabled },
      client: { config: enabled },
    });
    const writer = connection.datagrams.writable.getWriter();
    const reader = serverConnection.datagrams.readable.getReader();
    const [stream, peerStream] = await openStream(connection, serverConnection);
    const stopped = connection.stop({ force: false });
    await writer.write(Buffer.from('0'));
    assert.equal(await readNumber(reader), 0);
    // Those that are written by then are all taken, though there is no room for them as yet
    const written = numbers(1, 1000).map((i) =>
      writer.write(Buffer.from(`${i}`)),
    );
    assert.ok(writer.desiredSize! < 0);
    stream.cancel();
    await Promise.all(written);
    assert.equal(await readNumber(reader), 1);
    await peerStream.closedP;
    await stopped;
    await assert.rejects(writer.write(payload(1)), errors.ErrorQUICConnection);
  });

  test('20 connections flooded with datagrams that nobody reads end in time', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, { config: enabled });
    const clients = await Promise.all(
      numbers(0, 20).map(() =>
        connect(t, io, server.port, { config: enabled }),
      ),
    );
    const datagram = payload(1000);
    const flood = async ({ datagrams }: QUICConnection) => {
      const writer = datagrams.writable.getWriter();
      for (;;) {
        await writer.ready;
        writer.write(datagram).catch(() => {});
      }
    };
    const floods = clients.map(({ connection }) =>
      assert.rejects(flood(connection), errors.ErrorQUICConnectionPeer),
    );
    for (let i = 0; i < 100; i++) await setImmediate();
    await server.stop({ force: true, errorCode: 3 });
    await Promise.all(floods);
  });
});
