import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CloseOptions,
  errors,
  events,
  native,
  type QUICConnection,
  type StreamCodeToReason,
  type StreamReasonToCode,
} from '@matrixai/quic';
import { createCA, issue, toDER } from '../helpers/certs.js';
import { isPending, once, record } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { connect, openStream, type Pair, pair } from '../helpers/pair.js';
import { echo, MiB, payload, readAll, sha256 } from '../helpers/streams.js';

const timeout = 30_000;
const sides = ['client', 'server'] as const;
const { ConnectionErrorCode } = native;

const ca = await createCA('ECDSA');
const otherCA = await createCA('RSA', 'Other CA');
const intermediate = await createCA('ECDSA', 'Intermediate CA', ca);
const leaf = await issue(intermediate, 'ECDSA');
const clientLeaf = await issue(intermediate, 'ECDSA', 'client');

function withIntermediate({ key, cert }: { key: string; cert: string }) {
  return { key, cert: `${cert}\n${intermediate.cert}` };
}

/** All that a connection says of itself but whether it is closed. */
function describe(end: QUICConnection) {
  const plain = (chain: Array<Uint8Array>) =>
    chain.map((der) => new Uint8Array(der));
  const meta = end.meta();
  return {
    type: end.type,
    ids: [end.connectionId, end.connectionIdPeer, end.connectionIdShared].map(
      String,
    ),
    localHost: end.localHost,
    localPort: end.localPort,
    remoteHost: end.remoteHost,
    remotePort: end.remotePort,
    meta: {
      ...meta,
      localCertsChain: plain(meta.localCertsChain),
      localCACertsChain: plain(meta.localCACertsChain),
      remoteCertsChain: plain(meta.remoteCertsChain),
    },
  };
}

/** Waits for the errors that both ends end with, which they both keep as well. */
async function endings(ends: Pair, side: 'client' | 'server') {
  const [local, peer] = await Promise.all(
    (side === 'client'
      ? [ends.connection, ends.serverConnection]
      : [ends.serverConnection, ends.connection]
    ).map(async (end) => {
      const { detail } = await once(end, events.EventQUICConnectionError);
      await end.closedP;
      if ('errorCode' in detail.data) {
        assert.deepEqual(end.getConnectionError(), detail.data);
      }
      return detail;
    }),
  );
  return { local, peer };
}

function assertEndings(
  { local, peer }: Awaited<ReturnType<typeof endings>>,
  { isApp = true, errorCode = 0, reason = new Uint8Array(0) }: CloseOptions,
): void {
  assert.ok(local instanceof errors.ErrorQUICConnectionLocal, `${local}`);
  assert.ok(peer instanceof errors.ErrorQUICConnectionPeer, `${peer}`);
  for (const { data } of [local, peer]) {
    const told = { ...data, reason: Buffer.from(data.reason) };
    assert.deepEqual(told, { isApp, errorCode, reason: Buffer.from(reason) });
  }
}

class Reason extends Error {
  constructor(readonly code: number) {
    super(`reason ${code}`);
  }
}

const reasonToCode: StreamReasonToCode = (side, reason) =>
  (side === 'read' ? 100 : 200) + (reason as Reason).code;
const codeToReason: StreamCodeToReason = (side, code) =>
  new Error(`${side} ${code}`);

forEachIO((io) => {
  for (const { host, from, target = host } of [
    { host: '127.0.0.1', from: '127.0.0.1' },
    { host: '::1', from: '::1' },
    { host: '127.0.0.1', from: '::' },
    { host: '::', from: '127.0.0.1', target: '127.0.0.1' },
    { host: '::', from: '::', target: '127.0.0.1' },
    { host: '::', from: '::', target: '::1' },
  ]) {
    test(`a server on ${host} and a client on ${from} know their addresses as ${target}`, {
      timeout,
    }, async (t) => {
      const ends = await pair(t, io, {
        server: { host },
        client: { host: target, localHost: from },
      });
      const { client, connection, server, serverConnection } = ends;
      const { localPort } = connection;
      assert.notEqual(localPort, server.port);
      for (const [end, expected] of [
        [
          connection,
          {
            localHost: from,
            localPort,
            remoteHost: target,
            remotePort: server.port,
          },
        ],
        [
          serverConnection,
          {
            localHost: host,
            localPort: server.port,
            remoteHost: target,
            remotePort: localPort,
          },
        ],
      ] as const) {
        const { localHost, localPort, remoteHost, remotePort } = end;
        const actual = { localHost, localPort, remoteHost, remotePort };
        assert.deepEqual(actual, expected);
        const {
          localCertsChain,
          localCACertsChain,
          remoteCertsChain,
          ...rest
        } = end.meta();
        assert.deepEqual(rest, expected);
      }
      assert.equal(client.host, target);
      assert.equal(client.port, server.port);
      assert.equal(client.localHost, from);
      assert.equal(client.localPort, localPort);
    });
  }

  test('both ends know the chains of certificates and each other by their IDs, after the close too', {
    timeout,
  }, async (t) => {
    const config = { ca: [ca.cert, otherCA.cert], verifyPeer: true };
    const ends = await pair(t, io, {
      server: { config: { ...config, ...withIntermediate(leaf) } },
      client: { config: { ...config, ...withIntermediate(clientLeaf) } },
    });
    const { server, connection, serverConnection } = ends;
    const [atClient, atServer] = [connection, serverConnection].map(describe);

    assert.equal(atClient.type, 'client');
    assert.equal(atServer.type, 'server');
    const [id, peerId, sharedId] = atClient.ids;
    assert.deepEqual(atServer.ids, [peerId, id, sharedId]);
    for (const each of atClient.ids)
      assert.match(each, /^([0-9a-f]{2}){4,20}$/);
    assert.equal(new Set(atClient.ids).size, 3);

    const chain = [leaf.cert, intermediate.cert].map(toDER);
    const clientChain = [clientLeaf.cert, intermediate.cert].map(toDER);
    const localCACertsChain = [ca.cert, otherCA.cert].map(toDER);
    for (const [{ meta }, localCertsChain, remoteCertsChain] of [
      [atClient, clientChain, chain],
      [atServer, chain, clientChain],
    ] as const) {
      assert.deepEqual(
        {
          localCertsChain: meta.localCertsChain,
          localCACertsChain: meta.localCACertsChain,
          remoteCertsChain: meta.remoteCertsChain,
        },
        { localCertsChain, localCACertsChain, remoteCertsChain },
      );
    }

    const accepted = once(server, events.EventQUICServerConnection);
    const another = await connect(t, io, server.port, {
      config: { ...config, ...withIntermediate(clientLeaf) },
    });
    const { ids } = describe(another.connection);
    assert.deepEqual(describe((await accepted).detail).ids, [
      ids[1],
      ids[0],
      ids[2],
    ]);
    assert.equal(new Set([...ids, ...atClient.ids]).size, 6);

    for (const end of [connection, serverConnection]) {
      assert.equal(end.closed, false);
      assert.ok(await isPending(end.closedP));
      assert.equal(end.getConnectionError(), undefined);
    }
    await ends.client.destroy();
    for (const end of [connection, serverConnection]) {
      await end.closedP;
      assert.equal(end.closed, true);
    }
    await server.stop();
    assert.deepEqual(describe(connection), atClient);
    assert.deepEqual(describe(serverConnection), atServer);
  });

  const closings: Array<
    [string, 'client' | 'server', (ends: Pair) => (o: CloseOptions) => unknown]
  > = [
    [
      'client.destroy()',
      'client',
      ({ client }) =>
        (o) =>
          client.destroy(o),
    ],
    [
      'connection.stop() of the client',
      'client',
      ({ connection }) =>
        (o) =>
          connection.stop(o),
    ],
    [
      'connection.stop() of the server',
      'server',
      ({ serverConnection }) =>
        (o) =>
          serverConnection.stop(o),
    ],
    [
      'server.stop()',
      'server',
      ({ server }) =>
        (o) =>
          server.stop(o),
    ],
  ];
  const reason = Buffer.from('closing time ⏰');
  for (const [name, side, closing] of closings) {
    test(`${name} tells both ends its code and reason`, {
      timeout,
    }, async (t) => {
      for (const options of [
        {},
        { errorCode: 1, reason },
        { isApp: true, errorCode: 2 ** 40, reason },
        { isApp: false, errorCode: ConnectionErrorCode.InternalError, reason },
        { isApp: false, errorCode: ConnectionErrorCode.ProtocolViolation },
        { isApp: false, errorCode: ConnectionErrorCode.NoError, reason },
        { errorCode: 3, reason, force: false },
      ] as Array<CloseOptions>) {
        const ends = await pair(t, io);
        if (options.force !== false) {
          await openStream(ends.connection, ends.serverConnection);
        }
        const ended = endings(ends, side);
        await closing(ends)(options);
        assertEndings(await ended, options);
      }
    });
  }

  for (const side of sides) {
    test(`an unforced stop of the ${side}'s connection lets a stream finish and refuses new ones`, {
      timeout,
    }, async (t) => {
      const ends = await pair(t, io, {
        server: { codeToReason },
        client: { codeToReason },
      });
      const { connection, serverConnection } = ends;
      const [stream, peerStream] = await openStream(
        connection,
        serverConnection,
      );
      const data = payload(2 * MiB);
      const echoed = echo(peerStream);
      const received = readAll(stream.readable);
      const writer = stream.writable.getWriter();
      const firstHalf = writer.write(data.subarray(0, MiB));

      const [stopping, other] =
        side === 'client'
          ? [connection, serverConnection]
          : [serverConnection, connection];
      const ended = endings(ends, side);
      const arrivals = record(stopping, events.EventQUICConnectionStream);
      const started = once(stopping, events.EventQUICConnectionStop);
      const options = { errorCode: 77, reason };
      const stopped = stopping.stop({ ...options, force: false });
      await started;
      for (const type of ['bidi', 'uni'] as const) {
        assert.throws(
          () => stopping.newStream(type),
          errors.ErrorQUICConnectionStopping,
        );
        const refused = other.newStream(type);
        const refusedWriter = refused.writable.getWriter();
        const closed = assert.rejects(refusedWriter.closed, /^Error: write 0$/);
        await refusedWriter.write(payload(100));
        await closed;
        if (type === 'bidi') {
          await assert.rejects(
            refused.readable.getReader().read(),
            /^Error: read 0$/,
          );
        }
        await refused.closedP;
      }
      assert.ok(await isPending(stopped));
      assert.ok(!stopping.closed && !other.closed);

      await firstHalf;
      await writer.write(data.subarray(MiB));
      await writer.close();
      assert.equal(await echoed, sha256(data));
      assert.equal(sha256(await received), sha256(data));
      await stopped;
      assertEndings(await ended, options);
      assert.deepEqual(arrivals, []);
    });

    test(`destroyStreams() of the ${side} ends its unforced stop, and the peer gets its codes`, {
      timeout,
    }, async (t) => {
      const codes = { reasonToCode, codeToReason };
      const ends = await pair(t, io, { server: codes, client: codes });
      const { connection, serverConnection } = ends;
      const streams = await openStream(connection, serverConnection);
      if (side === 'server') streams.reverse();
      const [stream, peerStream] = streams;
      const stopping = side === 'client' ? connection : serverConnection;
      const ended = endings(ends, side);
      const options = { errorCode: 78, reason };
      const stopped = stopping.stop({ ...options, force: false });
      assert.ok(await isPending(stopped));

      const why = new Reason(5);
      const isWhy = (error: unknown) => error === why;
      const settled = Promise.all([
        assert.rejects(stream.readable.getReader().read(), isWhy),
        assert.rejects(stream.writable.getWriter().closed, isWhy),
        assert.rejects(peerStream.readable.getReader().read(), /read 205$/),
        assert.rejects(peerStream.writable.getWriter().closed, /write 105$/),
      ]);
      stopping.destroyStreams(why);
      await settled;
      await stopped;
      assertEndings(await ended, options);
    });
  }
});
