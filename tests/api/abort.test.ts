import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { running } from '@matrixai/async-init/StartStop.js';
import { errors, events, QUICServer, QUICSocket } from '@matrixai/quic';
import { once, until } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import {
  connect,
  credentials,
  openStream,
  pair,
  startServer,
  startSocket,
} from '../helpers/pair.js';
import { drop, Relay } from '../helpers/relay.js';

const timeout = 30_000;

const reason = new Error('given up');

/** Asserts that a wait ends with the reason of its signal, and leaves no listener. */
async function assertAborts(
  wait: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  await assert.rejects(async () => wait(AbortSignal.abort(reason)), reason);
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = wait(signal);
  setImmediate(() => controller.abort(reason));
  await assert.rejects(waiting, reason);
  await until(() => getEventListeners(signal, 'abort').length === 0);
}

forEachIO((io) => {
  test('starts can be aborted, and are undone', { timeout }, async (t) => {
    // It never answers
    const resolveHostname = () => new Promise<string>(() => {});
    const stuck = new QUICSocket({ io, resolveHostname });
    await assertAborts((signal) => stuck.start({ host: 'h', signal }));
    const stuckServer = new QUICServer({
      config: credentials,
      io,
      resolveHostname,
    });
    await assertAborts((signal) => stuckServer.start({ host: 'h', signal }));

    let resolve!: (address: string) => void;
    const slow = new QUICSocket({
      io,
      resolveHostname: () => new Promise((r) => (resolve = r)),
    });
    t.after(() => slow.stop({ force: true }));
    const controller = new AbortController();
    const started = slow.start({ host: 'h', signal: controller.signal });
    await until(() => resolve !== undefined);
    controller.abort(reason);
    await assert.rejects(started, reason);
    const stopped = once(slow, events.EventQUICSocketStopped);
    resolve('127.0.0.1');
    await stopped;
    assert.equal(slow[running], false);
    await slow.start({ host: '127.0.0.1' });
    assert.equal(slow[running], true);

    const signal = new AbortController().signal;
    const socket = await startSocket(t, io, { host: '127.0.0.1', signal });
    const server = new QUICServer({ config: credentials, socket });
    await server.start({ signal });
    await server.stop({ signal });
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  test('waits for running streams can be aborted, and the stop goes on', {
    timeout,
  }, async (t) => {
    const { server, client, connection, serverConnection } = await pair(t, io);
    const [stream] = await openStream(connection, serverConnection);
    await assertAborts((signal) => stream.destroy({ force: false, signal }));
    assert.equal(stream.closed, false);
    const stops = [
      (signal: AbortSignal) => serverConnection.stop({ force: false, signal }),
      (signal: AbortSignal) => connection.stop({ force: false, signal }),
      (signal: AbortSignal) => client.destroy({ force: false, signal }),
      (signal: AbortSignal) => server.stop({ force: false, signal }),
    ];
    for (const stop of stops) await assertAborts(stop);
    assert.equal(stream.closed, false);
    stream.cancel();
    await Promise.all([client.closedP, server.closedP]);
  });

  test('a migration that finds no answer can be aborted', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io);
    const relay = await Relay.start(t, server.port);
    const { connection } = await connect(t, io, relay.port);
    const socket = await startSocket(t, io);
    relay.impairment = drop;
    await assertAborts((signal) => connection.migrate({ socket, signal }));
    await assert.rejects(
      connection.migrate({ socket, signal: 5 as any }),
      errors.ErrorQUICOptionInvalid,
    );
    relay.impairment = (datagram, forward) => forward(datagram);
    await connection.migrate({ socket });
    assert.equal(connection.localPort, socket.port);
  });

  test('a signal cancels a stream, also one that waits to be opened', {
    timeout,
  }, async (t) => {
    const { connection } = await pair(t, io, {
      server: { config: { initialMaxStreamsBidi: 1 } },
    });
    const signals: Array<AbortSignal> = [];
    await Promise.all(
      [0, 4, -1, -1].map(async () => {
        const controller = new AbortController();
        const { signal } = controller;
        signals.push(signal);
        const stream = connection.newStream('bidi', { urgency: 1, signal });
        const ended = stream.readable.getReader().read();
        const written = stream.writable.getWriter().closed;
        setImmediate(() => controller.abort(reason));
        await assert.rejects(ended, reason);
        await assert.rejects(written, reason);
        await stream.closedP;
      }),
    );
    for (const signal of signals) {
      assert.equal(getEventListeners(signal, 'abort').length, 0);
    }
    assert.throws(
      () => connection.newStream('uni', { signal: AbortSignal.abort(reason) }),
      reason,
    );
    assert.throws(
      () => connection.newStream('uni', { signal: {} as any }),
      errors.ErrorQUICOptionInvalid,
    );
  });

  test('loops over what comes in can be aborted', { timeout }, async (t) => {
    const { server, connection, serverConnection } = await pair(t, io);
    await assertAborts(async (signal) => {
      for await (const _ of server.values({ signal }));
    });
    await assertAborts(async (signal) => {
      for await (const _ of serverConnection.incomingStreams.values({
        signal,
      }));
    });
    const controller = new AbortController();
    const { signal } = controller;
    const streams = serverConnection.incomingStreams.values({ signal });
    const next = streams.next();
    await connection.newStream('uni').writable.getWriter().write(Buffer.of(1));
    assert.equal((await next).value?.type, 'uni');
    controller.abort(reason);
    await assert.rejects(streams.next(), reason);
    assert.deepEqual(await streams.next(), { done: true, value: undefined });
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  test('sending can be aborted while a name is resolved', {
    timeout,
  }, async (t) => {
    let isStuck = false;
    const socket = new QUICSocket({
      io,
      resolveHostname: () =>
        isStuck ? new Promise<string>(() => {}) : '127.0.0.1',
    });
    t.after(() => socket.stop({ force: true }));
    await socket.start({ host: 'h' });
    const { port } = socket;
    const { signal } = new AbortController();
    assert.equal(await socket.send('ab', port, 'h', { signal }), 2);
    assert.equal(await socket.send('ab', 1, 1, port, 'h', { signal }), 1);
    isStuck = true;
    await assertAborts((signal) => socket.send('ab', port, 'h', { signal }));
  });
});
