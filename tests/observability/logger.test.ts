import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogLevel } from '@matrixai/logger';
import { events, QUICSocket } from '@matrixai/quic';
import { once } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { recordingLogger } from '../helpers/logging.js';
import {
  connect,
  credentials,
  openStream,
  pair,
  startServer,
} from '../helpers/pair.js';
import { exchange, payload, serveEcho } from '../helpers/streams.js';

const timeout = 20_000;

forEachIO((io) => {
  test('beginnings and ends are logged in pairs, in their order', {
    timeout,
  }, async (t) => {
    const ofServer = recordingLogger();
    const ofClient = recordingLogger();
    const { server, client, connection, serverConnection } = await pair(t, io, {
      server: { logger: ofServer.logger, onStream: serveEcho },
      client: { logger: ofClient.logger },
    });
    const { port } = server;
    const { localPort } = client;
    const here = `${connection.connectionId} to 127.0.0.1:${port}`;
    const there = `${serverConnection.connectionId} from 127.0.0.1:${localPort}`;
    const ended = once(server, events.EventQUICStreamDestroyed);
    await exchange(connection.newStream(), payload(1000));
    await ended;
    const stopped = once(server, events.EventQUICConnectionStopped);
    await client.destroy();
    await stopped;
    await server.stop();
    assert.deepEqual(ofClient.lines, [
      `INFO Create QUICClient to 127.0.0.1:${port}`,
      'INFO Start QUICSocket on [::]:0',
      `INFO Started QUICSocket on [::]:${localPort}`,
      `INFO Start QUICConnection to 127.0.0.1:${port}`,
      `INFO Started QUICConnection ${here}`,
      `INFO Created QUICClient to 127.0.0.1:${port}`,
      'DEBUG Create QUICStream 0',
      'DEBUG Created QUICStream 0',
      'DEBUG Destroy QUICStream 0',
      'DEBUG Destroyed QUICStream 0',
      'INFO Destroy QUICClient',
      `INFO Stop QUICConnection ${here}`,
      `INFO QUICConnection ${here} Error: Local closed with application code 0`,
      `INFO Stopped QUICConnection ${here}`,
      `INFO Stop QUICSocket on [::]:${localPort}`,
      `INFO Stopped QUICSocket on [::]:${localPort}`,
      'INFO Destroyed QUICClient',
    ]);
    assert.deepEqual(ofServer.lines, [
      'INFO Start QUICServer',
      'INFO Start QUICSocket on 127.0.0.1:0',
      `INFO Started QUICSocket on 127.0.0.1:${port}`,
      'INFO Started QUICServer',
      `INFO Start QUICConnection ${there}`,
      `INFO Started QUICConnection ${there}`,
      'DEBUG Create QUICStream 0',
      'DEBUG Created QUICStream 0',
      'DEBUG Destroy QUICStream 0',
      'DEBUG Destroyed QUICStream 0',
      `INFO QUICConnection ${there} Error: Peer closed with application code 0`,
      `INFO Stop QUICConnection ${there}`,
      `INFO Stopped QUICConnection ${there}`,
      'INFO Stop QUICServer',
      `INFO Stop QUICSocket on 127.0.0.1:${port}`,
      `INFO Stopped QUICSocket on 127.0.0.1:${port}`,
      'INFO Stopped QUICServer',
    ]);
  });

  test('each object logs under its own name, below that of the user', {
    timeout,
  }, async (t) => {
    const { logger } = recordingLogger();
    const socket = new QUICSocket({ io, logger });
    const { connection, serverConnection } = await pair(t, io, {
      server: { logger },
      client: { logger },
    });
    await openStream(connection, serverConnection);
    assert.deepEqual([...logger.loggers.keys()].sort(), [
      'QUICConnection',
      'QUICSocket',
    ]);
    assert.deepEqual(
      [...logger.getChild('QUICConnection').loggers.keys()],
      ['QUICStream'],
    );
    assert.equal(socket.closed, true);
  });

  test('a stream that waits for its ID is logged without', {
    timeout,
  }, async (t) => {
    const { logger, lines } = recordingLogger();
    const { connection } = await pair(t, io, {
      server: { config: { initialMaxStreamsUni: 0 } },
      client: { logger },
    });
    connection.newStream('uni').cancel();
    assert.deepEqual(lines.slice(-3), [
      'DEBUG Create QUICStream',
      'DEBUG Destroy QUICStream',
      'DEBUG Destroyed QUICStream',
    ]);
  });

  test('ends are information when they are meant, and warnings when they are not', {
    timeout,
  }, async (t) => {
    const ofServer = recordingLogger(LogLevel.INFO);
    const ofClient = recordingLogger(LogLevel.INFO);
    const { server, client, serverConnection } = await pair(t, io, {
      server: ofServer,
      client: ofClient,
    });
    await client.destroy({ errorCode: 7 });
    await serverConnection.closedP;
    const failed = once(server, events.EventQUICConnectionError);
    await assert.rejects(
      connect(t, io, server.port, {
        config: { applicationProtos: ['other'] },
        ...ofClient,
      }),
    );
    await failed;
    const errorsOf = (lines: Array<string>) =>
      lines.filter((line) => /Error|Failed/.test(line));
    const [own, refused, ...others] = errorsOf(ofClient.lines);
    assert.match(
      own,
      /^INFO QUICConnection \w+ to \S+ Error: Local closed with application code 7$/,
    );
    assert.match(refused, /^WARN QUICConnection to \S+ Error: .*376/);
    assert.deepEqual(others, []);
    const [heard, handshake] = errorsOf(ofServer.lines);
    assert.match(
      heard,
      /^WARN QUICConnection \w+ from \S+ Error: Peer closed with application code 7$/,
    );
    assert.match(handshake, /^WARN Failed handshake with 127\.0\.0\.1:\d+: /);
  });

  test('no key is logged', { timeout }, async (t) => {
    const { logger, lines } = recordingLogger();
    const server = await startServer(t, io, { logger });
    const client = await connect(t, io, server.port, {
      config: credentials,
      logger,
    });
    await client.destroy();
    await server.stop();
    const all = lines.join('\n');
    assert.doesNotMatch(all, /BEGIN/);
    for (const line of credentials.key.trim().split('\n').slice(1, -1)) {
      assert.ok(!all.includes(line));
    }
  });
});
