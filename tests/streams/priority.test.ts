import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  errors,
  events,
  type QUICStream,
  type StreamPriority,
} from '@matrixai/quic';
import { on, once } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { connect, pair, startServer } from '../helpers/pair.js';
import { pass, Relay } from '../helpers/relay.js';
import { KiB, MiB, payload, readAll, writeAll } from '../helpers/streams.js';

const timeout = 30_000;

forEachIO((io) => {
  /**
   * Sends 1.5 MiB over the first and 1 MiB over the second stream, and returns the order in which
   * they end. No acknowledgement arrives before all is queued, so that it is up to the engine what
   * goes first. Less is under way than sockets hold: a packet that is lost there is sent again, and
   * then late.
   */
  async function race(
    t: TestContext,
    first: Partial<StreamPriority>,
    second: Partial<StreamPriority>,
  ): Promise<Array<'first' | 'second'>> {
    const server = await startServer(t, io, {
      config: {
        initialMaxData: 64 * KiB,
        maxConnectionWindow: 64 * KiB,
        initialMaxStreamDataUni: 4 * MiB,
      },
    });
    const accepted = once(server, events.EventQUICServerConnection);
    const relay = await Relay.start(t, server.port);
    const { connection } = await connect(t, io, relay.port);
    const { detail: serverConnection } = await accepted;
    const ended: Array<'first' | 'second'> = [];
    const all = new Promise<void>((resolve) => {
      on(
        serverConnection,
        events.EventQUICConnectionStream,
        async ({ detail: { readable } }) => {
          const { length } = await readAll(readable);
          ended.push(length > MiB ? 'first' : 'second');
          if (ended.length === 2) resolve();
        },
      );
    });
    const held: Array<() => void> = [];
    relay.impairment = (datagram, forward, direction) => {
      if (direction === 'toServer') forward(datagram);
      else held.push(() => forward(datagram));
    };
    const send = (size: number, priority: Partial<StreamPriority>) =>
      writeAll(connection.newStream('uni', priority).writable, payload(size));
    void send(1.5 * MiB, first);
    void send(MiB, second);
    // All that is written is in the engine after a turn of the event loop
    await setImmediate();
    await setImmediate();
    relay.impairment = pass;
    for (const forward of held) forward();
    await all;
    return ended;
  }

  test('streams of the same urgency are sent in turn', {
    timeout,
  }, async (t) => {
    assert.deepEqual(await race(t, {}, {}), ['second', 'first']);
  });

  test('a stream of lower urgency is sent before others', {
    timeout,
  }, async (t) => {
    assert.deepEqual(await race(t, { urgency: 0 }, { urgency: 7 }), [
      'first',
      'second',
    ]);
  });

  test('streams that are not incremental are sent one after another', {
    timeout,
  }, async (t) => {
    const priority = { incremental: false };
    assert.deepEqual(await race(t, priority, priority), ['first', 'second']);
  });

  test('a stream tells its priority, and refuses one that there is not', {
    timeout,
  }, async (t) => {
    const { connection } = await pair(t, io);
    const stream = connection.newStream('bidi', { urgency: 1 });
    assert.deepEqual(stream.priority, { urgency: 1, incremental: true });
    stream.setPriority({ incremental: false });
    assert.deepEqual(stream.priority, { urgency: 1, incremental: false });
    for (const priority of [
      { urgency: 8 },
      { urgency: -1 },
      { urgency: 0.5 },
      { incremental: 1 },
      null,
    ]) {
      assert.throws(
        () => stream.setPriority(priority as any),
        errors.ErrorQUICOptionInvalid,
      );
    }
  });

  test('what was committed is delivered before the reset', {
    timeout,
  }, async (t) => {
    const codes = {
      reasonToCode: () => 7,
      codeToReason: (_type: unknown, code: number) => code,
    };
    const { connection, serverConnection } = await pair(t, io, {
      server: codes,
      client: codes,
    });
    for (const size of [1000, 100_000, 1.5 * MiB]) {
      const data = payload(size);
      const arrived = once(serverConnection, events.EventQUICConnectionStream);
      const stream = connection.newStream('uni');
      const writer = stream.writable.getWriter();
      await writer.write(data);
      stream.commit();
      await writer.write(payload(1000));
      await writer.abort(new Error('enough'));
      const peer: QUICStream = (await arrived).detail;
      const received: Array<Uint8Array> = [];
      const error = await (async () => {
        for await (const chunk of peer.readable) received.push(chunk);
      })().catch((e) => e);
      assert.equal(error, 7);
      const prefix = Buffer.concat(received).subarray(0, size);
      assert.ok(prefix.equals(data), `${prefix.length} of ${size}`);
      await peer.closedP;
      await stream.closedP;
    }
    assert.equal(serverConnection.streamMap.size, 0);
  });
});
