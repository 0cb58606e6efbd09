// What objects offer by a dot, to programs and to editors: what is public, and nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  QUICClient,
  QUICConnection,
  QUICDatagrams,
  QUICServer,
  QUICSocket,
  QUICStream,
} from '@matrixai/quic';
import * as quic from '@matrixai/quic';
import { until } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import {
  connect,
  openStream,
  startServer,
  startSocket,
} from '../helpers/pair.js';

const target = [
  'addEventListener',
  'dispatchEvent',
  'removeEventListener',
] as const;

const offered = {
  socket: [
    ...target,
    ...(['closed', 'closedP', 'connectionMap', 'host', 'io', 'port'] as const),
    ...(['ref', 'send', 'send_', 'setServer', 'start', 'stats'] as const),
    ...(['stop', 'type', 'unref', 'unsetServer'] as const),
  ],
  server: [
    ...target,
    ...(['closed', 'closedP', 'codeToReason', 'connections', 'host'] as const),
    ...(['incomingStreams', 'isSocketShared', 'minIdleTimeout'] as const),
    ...([
      'port',
      'reasonToCode',
      'ref',
      'socket',
      'start',
      'stats',
      'stop',
      'unref',
    ] as const),
    ...(['updateConfig', 'updateCrypto', 'values'] as const),
  ],
  client: [
    ...target,
    ...(['closed', 'closedP', 'connection', 'destroy', 'host'] as const),
    ...(['isSocketShared', 'localHost', 'localPort', 'port', 'ref'] as const),
    ...(['session', 'socket', 'unref'] as const),
  ],
  connection: [
    ...target,
    ...(['applicationProtocol', 'closed', 'closedP', 'connectionId'] as const),
    ...(['connectionIdPeer', 'connectionIdShared', 'datagrams'] as const),
    ...(['destroyStreams', 'earlyData', 'getConnectionError'] as const),
    ...(['getLocalCACertsChain', 'getLocalCertsChain'] as const),
    ...(['getRemoteCertsChain', 'handshakeCompletedP'] as const),
    ...(['incomingStreams', 'localHost', 'localPort', 'meta'] as const),
    ...(['migrate', 'newStream', 'peerCertificate', 'ref'] as const),
    ...(['remoteHost', 'remotePort', 'resumed', 'sendId'] as const),
    ...(['serverName', 'session', 'start', 'stats', 'stop'] as const),
    ...(['streamMap', 'type', 'unref', 'version'] as const),
  ],
  stream: [
    ...target,
    ...(['cancel', 'closed', 'closedP', 'commit', 'connection'] as const),
    ...(['destroy', 'initiated', 'meta', 'opened', 'priority'] as const),
    ...(['readClosed', 'readable', 'setPriority', 'streamId'] as const),
    ...(['toDuplex', 'type', 'writable', 'writeClosed'] as const),
  ],
  datagrams: [
    ...(['droppedIncoming', 'droppedOutgoing', 'maxDatagramSize'] as const),
    ...(['incomingHighWaterMark', 'outgoingHighWaterMark'] as const),
    ...(['readable', 'writable'] as const),
  ],
};

/** `true` if two unions of names are the same. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type Offered<T, K extends keyof typeof offered> = Same<
  Extract<keyof T, string>,
  (typeof offered)[K][number]
>;

// Editors go by the types: this does not compile if one has another name
const typed: [
  Offered<QUICSocket, 'socket'>,
  Offered<QUICServer, 'server'>,
  Offered<QUICClient, 'client'>,
  Offered<QUICConnection, 'connection'>,
  Offered<QUICStream, 'stream'>,
  Offered<QUICDatagrams, 'datagrams'>,
] = [true, true, true, true, true, true];

function namesOf(object: object): Array<string> {
  const names = new Set<string>();
  for (
    let o = object;
    o !== Object.prototype;
    o = Object.getPrototypeOf(o) as object
  ) {
    for (const name of Object.getOwnPropertyNames(o)) names.add(name);
  }
  names.delete('constructor');
  return [...names].sort();
}

forEachIO((io) => {
  test('objects offer what is public', { timeout: 30_000 }, async (t) => {
    assert.ok(typed.every((same) => same));
    const socket = await startSocket(t, io);
    const config = { enableDgram: true };
    const server = await startServer(t, io, { config });
    const client = await connect(t, io, server.port, { config });
    const { connection } = client;
    const { datagrams } = connection;
    const stream = connection.newStream();
    const objects = { socket, server, client, connection, stream, datagrams };
    for (const [name, object] of Object.entries(objects)) {
      const expected = offered[name as keyof typeof offered] as Array<string>;
      assert.deepEqual(namesOf(object), expected.toSorted(), name);
    }
  });

  test('connections tell with whom they are, and servers what came of all of them', {
    timeout: 30_000,
  }, async (t) => {
    const applicationProtos = ['new', 'old'];
    const server = await startServer(t, io, { config: { applicationProtos } });
    assert.equal(server.connections.size, 0);
    const client = await connect(t, io, server.port, {
      config: { applicationProtos: ['old', 'new'] },
      serverName: 'localhost',
    });
    assert.equal(client.session, undefined);
    const { connection } = client;
    await until(() => server.connections.size === 1);
    const [serverConnection] = server.connections;
    const [local, peer] = await openStream(connection, serverConnection);
    assert.equal(peer.connection, serverConnection);
    assert.equal(local.connection, connection);
    for (const end of [connection, serverConnection]) {
      assert.equal(end.serverName, 'localhost');
      assert.equal(end.applicationProtocol, 'new');
    }
    assert.equal(connection.peerCertificate, connection.peerCertificate);
    assert.match(connection.peerCertificate!.subjectAltName!, /localhost/);
    assert.equal(serverConnection.peerCertificate, undefined);
    await until(() => client.session !== undefined);
    const again = await connect(t, io, server.port, {
      session: client.session!,
      config: { applicationProtos },
      serverName: 'localhost',
    });
    assert.equal(again.connection.resumed, true);

    await until(() => server.connections.size === 2);
    const open = server.stats();
    assert.equal(open.connections, 2);
    assert.equal(open.acceptedConnections, 2);
    assert.equal(open.streams, 1);
    assert.ok(open.bytesReceived >= serverConnection.stats().bytesReceived);
    await client.destroy();
    await again.destroy();
    await until(() => server.connections.size === 0);
    const closed = server.stats();
    assert.equal(closed.connections, 0);
    assert.equal(closed.acceptedConnections, 2);
    assert.equal(closed.streams, 0);
    assert.ok(closed.packetsSent >= open.packetsSent);
    assert.ok(closed.bytesReceived >= open.bytesReceived);
    assert.ok(connection.peerCertificate !== undefined);
  });
});

test('classes have the names that they are exported by', () => {
  const all: Array<[string, unknown]> = [
    ...Object.entries(quic),
    ...Object.entries(quic.errors),
    ...Object.entries(quic.events),
  ];
  const others = all
    .filter(
      ([name, value]) => typeof value === 'function' && /^[A-Z]/.test(name),
    )
    .map(([name, value]) => [name, (value as { name: string }).name])
    .filter(([exported, name]) => exported !== name);
  assert.deepEqual(others, []);
});
