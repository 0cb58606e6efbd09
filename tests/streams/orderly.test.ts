// Ends that are no failure: they are told apart, and crash nobody.
import assert from 'node:assert/strict';
import { once as onceEmitted } from 'node:events';
import { finished } from 'node:stream/promises';
import { test } from 'node:test';
import { errors, events } from '@matrixai/quic';
import { once, until } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { recordingLogger } from '../helpers/logging.js';
import { openStream, pair } from '../helpers/pair.js';
import { MiB, payload } from '../helpers/streams.js';

const timeout = 30_000;

const codes = {
  reasonToCode: (_: unknown, reason: unknown) => (reason === 'mine' ? 7 : 0),
  codeToReason: (_: unknown, code: number) => new Error(`code ${code}`),
};

forEachIO((io) => {
  for (const side of ['client', 'server'] as const) {
    for (const [what, act] of [
      [
        'aborted',
        (stream: { writable: WritableStream }) => stream.writable.abort('mine'),
      ],
      [
        'cancelled',
        (stream: { readable: ReadableStream }) =>
          stream.readable.cancel('mine'),
      ],
    ] as const) {
      test(`the code of a stream that the ${side} has ${what} wins over that of its connection`, {
        timeout,
      }, async (t) => {
        for (let i = 0; i < 10; i++) {
          const { client, server, connection, serverConnection } = await pair(
            t,
            io,
            { client: codes, server: codes },
          );
          const [local, peer] = await openStream(connection, serverConnection);
          const [here, there] =
            side === 'client' ? [local, peer] : [peer, local];
          const event =
            what === 'aborted'
              ? events.EventQUICStreamCloseRead
              : events.EventQUICStreamCloseWrite;
          const told = once<events.EventQUIC<unknown>>(there, event);
          const reading = there.readable.getReader().read();
          reading.catch(() => {});
          await act(here as never);
          if (side === 'client') void client.destroy();
          else void server.stop();
          const detail = (await told)
            .detail as errors.ErrorQUICStreamPeerRead<Error>;
          assert.equal(detail.data.code, 7, `${i}: ${detail.message}`);
          if (what === 'aborted') await assert.rejects(reading, /code 7/);
          assert.equal(errors.isOrderly(detail), false);
        }
      });
    }

    test(`a Duplex closes without an error when the ${side} ends the connection`, {
      timeout,
    }, async (t) => {
      const { logger, lines } = recordingLogger();
      const { client, server, connection, serverConnection } = await pair(
        t,
        io,
        { client: { logger }, server: { logger } },
      );
      const streams = await openStream(connection, serverConnection);
      const duplexes = streams.map((stream) => stream.toDuplex());
      const failures: Array<Error> = [];
      for (const duplex of duplexes) {
        duplex.on('error', (e) => failures.push(e));
        duplex.resume();
      }
      const closed = duplexes.map((duplex) => onceEmitted(duplex, 'close'));
      duplexes[0].write('left open');
      // One that was closed is delivered first, and the others are reset meanwhile
      const others = await openStream(connection, serverConnection);
      for (const { writable } of others) {
        const writer = writable.getWriter();
        void writer.write(payload(MiB)).catch(() => {});
        void writer.close().catch(() => {});
      }
      if (side === 'client') await client.destroy();
      else await server.stop();
      await Promise.all(closed);
      assert.deepEqual(failures, []);
      const loud = lines.filter((line) => !/^(INFO|DEBUG)/.test(line));
      assert.deepEqual(loud, []);
    });
  }

  test('a Duplex fails with a connection that fails', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io);
    const streams = await openStream(connection, serverConnection);
    const duplexes = streams.map((stream) => stream.toDuplex().resume());
    const ends = duplexes.map((duplex) => finished(duplex).catch((e) => e));
    await connection.stop({ errorCode: 5, force: true });
    for (const error of await Promise.all(ends)) {
      assert.equal(error.data.errorCode, 5);
      assert.equal(errors.isOrderly(error), false);
    }
  });

  test('what an orderly end leaves is told apart from failures', {
    timeout,
  }, async (t) => {
    const { client, connection, serverConnection } = await pair(t, io);
    const [local, peer] = await openStream(connection, serverConnection);
    const seen: Array<unknown> = [];
    for (const [target, event] of [
      [client, events.EventQUICConnectionError],
      [client, events.EventQUICClientError],
      [serverConnection, events.EventQUICConnectionError],
      [local, events.EventQUICStreamError],
      [peer, events.EventQUICStreamError],
    ] as const) {
      void once<events.EventQUIC<unknown>>(target, event).then((e) =>
        seen.push(e.detail),
      );
    }
    const readings = [local, peer].map(({ readable }) =>
      readable
        .getReader()
        .read()
        .catch((e) => e),
    );
    await client.destroy();
    seen.push(...(await Promise.all(readings)));
    for (const end of [connection, serverConnection]) {
      await end.closedP;
      assert.throws(
        () => end.newStream(),
        (e) => seen.push(e) > 0,
      );
    }
    await until(() => seen.length === 9);
    for (const error of seen) assert.ok(errors.isOrderly(error), String(error));
    for (const other of [
      undefined,
      'text',
      new Error('error'),
      new errors.ErrorQUICStreamDestroyed(),
      new Error('error', { cause: seen[0] }),
    ]) {
      assert.equal(errors.isOrderly(other), false);
    }
  });
});
