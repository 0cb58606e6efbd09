import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  native,
  type QUICConfig,
  type QUICConnection,
  type QUICStream,
} from '@matrixai/quic';
import { until } from './helpers/events.js';
import { forEachIO, type IO } from './helpers/io.js';
import { connect, pair, startServer } from './helpers/pair.js';
import { exchange, serveEcho } from './helpers/streams.js';

const timeout = 60_000;

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');

/**
 * Uses many streams of a connection, 50 at a time, and then waits until no
 * stream is left at either end, neither as a handle nor as an object.
 */
async function assertNothingLeft(
  t: TestContext,
  io: IO,
  count: number,
  use: (stream: QUICStream) => Promise<unknown>,
): Promise<void> {
  const refs: Array<WeakRef<QUICStream>> = [];
  const { client, connection } = await pair(t, io, {
    server: {
      onStream(stream) {
        refs.push(new WeakRef(stream));
        serveEcho(stream);
      },
    },
  });
  const useOne = async (connection: QUICConnection) => {
    const stream = connection.newStream();
    refs.push(new WeakRef(stream));
    await use(stream);
    await stream.closedP;
  };
  await Promise.all(
    Array.from({ length: 50 }, async () => {
      for (let i = 0; i < count / 50; i++) await useOne(connection);
    }),
  );
  await until(
    () => native.debugStats().streams === 0 && connection.streamMap.size === 0,
  );
  assert.equal(refs.length, 2 * count);
  await until(() => {
    gc();
    return refs.every((ref) => ref.deref() === undefined);
  });
  // Waits for the streams that the connection knows of
  await client.destroy({ force: false });
}

forEachIO((io) => {
  test('10,000 streams opened and closed leave nothing behind', {
    timeout,
  }, async (t) => {
    await assertNothingLeft(t, io, 10_000, (stream) =>
      exchange(stream, new Uint8Array(1)),
    );
  });

  test('1,000 streams reset at both sides leave nothing behind', {
    timeout,
  }, async (t) => {
    await assertNothingLeft(t, io, 1000, async (stream) => {
      const writer = stream.writable.getWriter();
      const reader = stream.readable.getReader();
      await writer.write(new Uint8Array(1));
      await reader.read();
      stream.cancel(new Error('reset'));
    });
  });

  test('100 connections opened and closed leave nothing behind', {
    timeout,
  }, async (t) => {
    const config: { enableDgram: QUICConfig['enableDgram'] } = {
      enableDgram: [true, 0, 0],
    };
    const server = await startServer(t, io, { config, onStream: serveEcho });
    const { port } = server;
    const useOne = async () => {
      const client = await connect(t, io, port, { config });
      const writer = client.connection.datagrams.writable.getWriter();
      for (let i = 0; i < 100; i++) await writer.write(new Uint8Array(1000));
      await exchange(client.connection.newStream(), new Uint8Array(1));
      await client.destroy({ force: true });
    };
    const stats = () => {
      const { goroutines, ...handles } = native.debugStats();
      return { goroutines, handles: JSON.stringify(handles) };
    };

    await until(() => native.debugStats().connections === 0);
    const before = stats();
    for (let i = 0; i < 10; i++) {
      await Promise.all(Array.from({ length: 10 }, useOne));
    }
    await until(() => {
      const { goroutines, handles } = stats();
      return handles === before.handles && goroutines < before.goroutines + 10;
    });
  });
});
