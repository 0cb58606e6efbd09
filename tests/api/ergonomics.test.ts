import assert from 'node:assert/strict';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { createGunzip, createGzip } from 'node:zlib';
import {
  errors,
  events,
  QUICClient,
  type QUICConnection,
  QUICServer,
  QUICSocket,
  type QUICStream,
  utils,
} from '@matrixai/quic';
import { on, once, until } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { connect, credentials, pair, startServer } from '../helpers/pair.js';
import { exchange, payload, readAll, serveEcho } from '../helpers/streams.js';

const timeout = 30_000;

forEachIO((io) => {
  test('a server and its connections can be iterated over', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io);
    const served: Array<QUICConnection> = [];
    const serving = (async () => {
      for await (const connection of server) {
        served.push(connection);
        void (async () => {
          for await (const stream of connection.incomingStreams) {
            serveEcho(stream);
          }
        })();
      }
    })();
    for (let i = 0; i < 3; i++) {
      const { connection } = await connect(t, io, server.port);
      const all = Array.from({ length: 10 }, (_, n) => payload(1000, n));
      const echoes = all.map((data) => exchange(connection.newStream(), data));
      assert.deepEqual(await Promise.all(echoes), all);
    }
    await server.stop();
    await serving;
    assert.equal(served.length, 3);
  });

  test('no stream is lost that comes before its connection is iterated over', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io);
    const data = [1, 2, 3].map((n) => payload(1000, n));
    const echoes = data.map((each) => exchange(connection.newStream(), each));
    // The fourth comes when there is a listener again
    while (serverConnection.streamMap.size < 3) {
      await new Promise(setImmediate);
    }
    let count = 0;
    for await (const stream of serverConnection.incomingStreams) {
      serveEcho(stream);
      count++;
      if (count === 3) {
        data.push(payload(1000, 4));
        echoes.push(exchange(connection.newStream(), data[3]));
      }
      if (count === 4) break;
    }
    assert.deepEqual(await Promise.all(echoes), data);
    let rest = 0;
    const done = (async () => {
      for await (const _ of serverConnection.incomingStreams) rest++;
    })();
    await connection.stop();
    await done;
    assert.equal(rest, 0);
  });

  test('no connection is lost that comes before its server is iterated over', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io);
    const clients: Array<QUICClient> = [];
    for (let i = 0; i < 4; i++) clients.push(await connect(t, io, server.port));
    await until(() => server.connections.size === 4);
    // Nobody needs one that is gone
    await clients[0].destroy();
    await until(() => server.connections.size === 3);
    const echoes = clients.slice(1).map(async ({ connection }, i) => {
      const data = payload(1000, i);
      assert.deepEqual(await exchange(connection.newStream(), data), data);
    });
    const served = new Set<QUICConnection>();
    for await (const connection of server) {
      served.add(connection);
      on(connection, events.EventQUICConnectionStream, ({ detail }) =>
        serveEcho(detail),
      );
      for (const stream of connection.streamMap.values()) serveEcho(stream);
      if (served.size === 3) break;
    }
    assert.deepEqual([...served], [...server.connections]);
    await Promise.all(echoes);
  });

  test('connections that nobody takes are refused beyond a bound, and cost nothing after their end', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, { maxConnections: 3 });
    const clients: Array<QUICClient> = [];
    for (let i = 0; i < 3; i++) clients.push(await connect(t, io, server.port));
    await until(() => server.connections.size === 3);
    await assert.rejects(async () => {
      const { connection } = await connect(t, io, server.port);
      await connection.closedP;
      throw connection.getConnectionError();
    });
    for (const client of clients) await client.destroy();
    await until(() => server.connections.size === 0);
    for (let i = 0; i < 3; i++) await connect(t, io, server.port);
    await until(() => server.connections.size === 3);
  });

  test('the streams of all connections can be iterated over', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io);
    const clients: Array<QUICClient> = [];
    for (let i = 0; i < 3; i++) clients.push(await connect(t, io, server.port));
    const exchanges = (count: number) =>
      clients.flatMap(({ connection }) =>
        Array.from({ length: count }, async (_, i) => {
          const data = payload(1000, i);
          const echoed = await exchange(connection.newStream(), data);
          assert.deepEqual(echoed, data);
        }),
      );
    const early = exchanges(5);
    await until(() => server.stats().streams === 15);
    const from = new Set<QUICConnection>();
    const serving = (async () => {
      for await (const stream of server.incomingStreams) {
        from.add(stream.connection);
        serveEcho(stream);
      }
    })();
    await Promise.all([...early, ...exchanges(5)]);
    assert.deepEqual([...from], [...server.connections]);
    await server.stop();
    await serving;
  });

  test('a server that was not started cannot be iterated over', async () => {
    const server = new QUICServer({ io, config: credentials });
    const { ErrorQUICServerNotRunning } = errors;
    await assert.rejects(async () => {
      for await (const _ of server);
    }, ErrorQUICServerNotRunning);
    assert.throws(() => server.values(), ErrorQUICServerNotRunning);
    assert.throws(() => server.incomingStreams, ErrorQUICServerNotRunning);
    await server.start({ host: '127.0.0.1' });
    await server.stop();
    for await (const _ of server) assert.fail('it has stopped');
  });

  test('await using closes all', { timeout }, async () => {
    const socket = new QUICSocket({ io });
    await socket.start({ host: '127.0.0.1' });
    const server = new QUICServer({ config: credentials, io });
    await server.start({ host: '127.0.0.1' });
    const client = await QUICClient.createQUICClient({
      host: '127.0.0.1',
      port: server.port,
      config: { ca: credentials.cert },
      socket,
    });
    const stream: QUICStream = client.connection.newStream();
    for (const each of [stream, client.connection, client, server, socket]) {
      await each[Symbol.asyncDispose]();
      await each[Symbol.asyncDispose]();
    }
    assert.ok(stream.closed && client.connection.closed && client.closed);
    assert.ok(server.closed && socket.closed);
  });

  test('a stream is a Duplex of Node.js', { timeout }, async (t) => {
    const { connection, serverConnection } = await pair(t, io);
    const data = payload(1_000_000);
    const arrived = once(serverConnection, events.EventQUICConnectionStream);
    const duplex = connection.newStream().toDuplex();
    const sent = pipeline(
      [data],
      createGzip(),
      duplex,
      createGunzip(),
      async (source) => {
        const chunks: Array<Buffer> = [];
        for await (const chunk of source) chunks.push(chunk as Buffer);
        return Buffer.concat(chunks);
      },
    );
    const { detail: peer } = await arrived;
    const echo = peer.toDuplex();
    await pipeline(echo, echo);
    assert.deepEqual(await sent, data);
    await Promise.all([peer.closedP]);
  });

  test('a Duplex that is destroyed resets its stream', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io);
    const arrived = once(serverConnection, events.EventQUICConnectionStream);
    const stream = connection.newStream();
    const duplex = stream.toDuplex();
    duplex.on('error', () => {});
    duplex.write('x');
    const { detail: peer } = await arrived;
    duplex.destroy(new Error('enough'));
    await assert.rejects(readAll(peer.readable));
    await stream.closedP;
  });

  test('a server chooses its certificate by the name that the client asks for', {
    timeout,
  }, async (t) => {
    const [one, two] = ['one.example', 'two.example'].map((host) =>
      utils.selfSigned({ hosts: [host] }),
    );
    const server = await startServer(t, io, {
      config: { key: [one.key, two.key], cert: [one.cert, two.cert] },
    });
    for (const [serverName, ca] of [
      ['one.example', one.cert],
      ['two.example', two.cert],
    ]) {
      const client = await connect(t, io, server.port, {
        serverName,
        config: { ca },
      });
      await client.destroy();
    }
  });

  test('a certificate is replaced without a restart', {
    timeout,
  }, async (t) => {
    const [first, second] = [utils.selfSigned(), utils.selfSigned()];
    const server = await startServer(t, io, {
      config: first,
      onStream: serveEcho,
    });
    const before = await connect(t, io, server.port, {
      config: { ca: first.cert },
    });
    server.updateConfig(second);
    const after = await connect(t, io, server.port, {
      config: { ca: second.cert },
    });
    const data = payload(1000);
    for (const { connection } of [before, after]) {
      assert.deepEqual(await exchange(connection.newStream(), data), data);
    }
    assert.notDeepEqual(
      before.connection.getRemoteCertsChain(),
      after.connection.getRemoteCertsChain(),
    );
  });
});
