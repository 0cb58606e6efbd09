// Keep-alives, and datagrams that are taken for QUIC.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, events, QUICServer } from '@matrixai/quic';
import { on, once, until } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { recordingLogger } from '../helpers/logging.js';
import { connect, credentials, pair, startServer } from '../helpers/pair.js';
import { drop, pass, Relay } from '../helpers/relay.js';
import { exchange, payload, serveEcho } from '../helpers/streams.js';

const timeout = 30_000;

forEachIO((io) => {
  test('an idle client learns of a restarted server by its next keep-alive', {
    timeout,
  }, async (t) => {
    const options = {
      config: { ...credentials, maxIdleTimeout: 0 },
      crypto: { key: crypto.getRandomValues(new Uint8Array(32)).buffer },
      io,
    };
    const first = new QUICServer(options);
    t.after(() => first.stop({ force: true }));
    await first.start({ host: '127.0.0.1' });
    const { port } = first;
    const relay = await Relay.start(t, port);
    const accepted = once(first, events.EventQUICServerConnection);
    const client = await connect(t, io, relay.port, {
      config: { maxIdleTimeout: 0, keepAliveIntervalTime: 200 },
    });
    await accepted;
    const ended = once(client, events.EventQUICConnectionError);
    // Nobody hears of its end, however late it comes to the relay
    relay.impairment = drop;
    await first.stop({ force: true });
    await relay.rebind();
    const second = new QUICServer(options);
    t.after(() => second.stop({ force: true }));
    await second.start({ host: '127.0.0.1', port });
    relay.impairment = pass;
    const { detail } = await ended;
    assert.ok(detail instanceof errors.ErrorQUICConnectionPeer);
    assert.match(detail.message, /stateless reset/);
  });

  test('keep-alives follow the idle timeout of the peer', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io, {
      server: { config: { maxIdleTimeout: 1500 }, onStream: serveEcho },
      client: {
        config: { maxIdleTimeout: 60_000, keepAliveIntervalTime: 2000 },
      },
    });
    let ended = 0;
    for (const end of [connection, serverConnection]) {
      on(end, events.EventQUICConnectionError, () => ended++);
    }
    const { packetsReceived } = serverConnection.stats();
    const began = performance.now();
    await until(() => performance.now() - began > 3500);
    assert.equal(ended, 0);
    // One every 500 ms, at least, but for a thread that is late
    assert.ok(serverConnection.stats().packetsReceived >= packetsReceived + 4);
    await exchange(connection.newStream(), payload(1));
  });

  test('a socket warns once of a datagram that receivers take for QUIC', {
    timeout,
  }, async (t) => {
    const { logger, lines } = recordingLogger();
    const server = await startServer(t, io);
    const heard: Array<string> = [];
    on(server.socket, events.EventQUICSocketDatagram, ({ detail }) =>
      heard.push(Buffer.from(detail.data).toString()),
    );
    const { socket } = await connect(t, io, server.port, { logger });
    const send = (data: string) => socket.send(data, server.port, '127.0.0.1');
    await send('');
    await send('\0first');
    const warnings = () => lines.filter((line) => line.startsWith('WARN'));
    assert.deepEqual(warnings(), []);
    await send('text');
    await send('more text');
    await send('\0last');
    await until(() => heard.includes('\0last'));
    assert.deepEqual(heard, ['\0first', '\0last']);
    assert.equal(warnings().length, 1);
    assert.match(warnings()[0], /0x74.*below 0x40/);
  });
});
