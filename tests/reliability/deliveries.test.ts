import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  events,
  type QUICClient,
  type QUICConnection,
  type QUICServer,
  type QUICStream,
} from '@matrixai/quic';
import { on, once } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { connect, pair, startServer } from '../helpers/pair.js';
import { drop, pass, Relay } from '../helpers/relay.js';
import { KiB, payload, readAll } from '../helpers/streams.js';

const timeout = 60_000;

/** What ends a connection at once, from the end that has written. */
const ends: Record<
  string,
  (client: QUICClient, stream: QUICStream) => Promise<void>
> = {
  'client.destroy()': (client) => client.destroy(),
  'client.destroy({ force: true })': (client) =>
    client.destroy({ force: true }),
  'connection.stop()': (client) => client.connection.stop(),
  'stream.destroy(), client.destroy()': async (client, stream) => {
    await stream.destroy();
    await client.destroy();
  },
};

/** Resolves with what the next stream brings. */
async function received(server: QUICServer): Promise<Buffer> {
  const stream = await new Promise<QUICStream>((resolve) => {
    on(server, events.EventQUICServerConnection, ({ detail }) =>
      on(detail, events.EventQUICConnectionStream, ({ detail }) =>
        resolve(detail),
      ),
    );
  });
  return readAll(stream.readable);
}

forEachIO((io) => {
  for (const [name, end] of Object.entries(ends)) {
    for (const size of [100, 60 * KiB, 1024 * KiB]) {
      test(`${size} bytes of a closed writer arrive before ${name}`, {
        timeout,
      }, async (t) => {
        for (let round = 0; round < 10; round++) {
          const server = await startServer(t, io);
          const data = received(server);
          const client = await connect(t, io, server.port);
          const stream = client.connection.newStream();
          const writer = stream.writable.getWriter();
          await writer.write(payload(size));
          await writer.close();
          await end(client, stream);
          assert.ok((await data).equals(payload(size)), `round ${round}`);
          await server.stop({ force: true });
        }
      });
    }
  }

  test('what a close() brings that nobody waited for arrives too', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io);
    const data = received(server);
    const client = await connect(t, io, server.port);
    const writer = client.connection.newStream().writable.getWriter();
    const written = writer.write(payload(60 * KiB));
    const closed = writer.close();
    await client.destroy({ force: true });
    await Promise.all([written, closed]);
    assert.ok((await data).equals(payload(60 * KiB)));
  });

  for (const force of [true, false]) {
    test(`what a server wrote to closed writers arrives before stop({ force: ${force} })`, {
      timeout,
    }, async (t) => {
      const { server, connection, serverConnection } = await pair(t, io);
      const streams = Array.from({ length: 10 }, () =>
        serverConnection.newStream('uni'),
      );
      const arriving = new Promise<Array<Buffer>>((resolve) => {
        const all: Array<Promise<Buffer>> = [];
        on(connection, events.EventQUICConnectionStream, ({ detail }) => {
          all.push(readAll(detail.readable));
          if (all.length === streams.length) resolve(Promise.all(all));
        });
      });
      for (const stream of streams) {
        const writer = stream.writable.getWriter();
        await writer.write(payload(60 * KiB));
        await writer.close();
      }
      await server.stop({ force });
      for (const data of await arriving) {
        assert.ok(data.equals(payload(60 * KiB)));
      }
    });
  }

  test('what was lost on the way is delivered too', { timeout }, async (t) => {
    const server = await startServer(t, io);
    const relay = await Relay.start(t, server.port);
    const data = received(server);
    const client = await connect(t, io, relay.port);
    const writer = client.connection.newStream().writable.getWriter();
    let count = 0;
    relay.impairment = (datagram, forward) => {
      if (++count % 5 !== 0) forward(datagram);
    };
    await writer.write(payload(200 * KiB));
    await writer.close();
    await client.destroy();
    assert.ok((await data).equals(payload(200 * KiB)));
  });

  test('a stream that was not closed is reset at once and delays nothing', {
    timeout,
  }, async (t) => {
    const { client, connection, serverConnection } = await pair(t, io, {
      client: { config: { maxIdleTimeout: 600_000 } },
      server: { config: { maxIdleTimeout: 600_000 } },
    });
    const open = connection.newStream();
    const writer = open.writable.getWriter();
    const accepted = once(serverConnection, events.EventQUICConnectionStream);
    await writer.write(payload(10));
    await accepted;
    const ended = assert.rejects(readAll(open.readable));
    await client.destroy();
    await assert.rejects(writer.closed);
    await ended;
  });

  test('a peer that is gone does not delay an end until the idle timeout', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, {
      config: { maxIdleTimeout: 600_000 },
    });
    const relay = await Relay.start(t, server.port);
    const client = await connect(t, io, relay.port, {
      config: { maxIdleTimeout: 600_000 },
    });
    const writer = client.connection.newStream().writable.getWriter();
    relay.impairment = drop;
    await writer.write(payload(100));
    await writer.close();
    // Would take longer than the test may
    await client.destroy();
    relay.impairment = pass;
  });

  test('a peer that does not read does not delay an end for ever', {
    timeout,
  }, async (t) => {
    const { client, connection, serverConnection } = await pair(t, io, {
      server: { config: { initialMaxStreamDataBidiRemote: 64 * KiB } },
    });
    const accepted = once(serverConnection, events.EventQUICConnectionStream);
    const writer = connection.newStream().writable.getWriter();
    const written = writer.write(payload(256 * KiB));
    const closed = writer.close();
    await accepted;
    await Promise.all([
      Promise.allSettled([written, closed]),
      client.destroy(),
    ]);
    await ended(serverConnection);
  });
});

async function ended(connection: QUICConnection): Promise<void> {
  if (!connection.closed) {
    await once(connection, events.EventQUICConnectionClose);
  }
}
