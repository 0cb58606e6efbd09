import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { errors, type QUICConnection, QUICServer } from '@matrixai/quic';
import { runFixture } from '../helpers/child.js';
import { until } from '../helpers/events.js';
import { makeFolder } from '../helpers/folders.js';
import { forEachIO, type IO } from '../helpers/io.js';
import { recordingLogger, setVariable } from '../helpers/logging.js';
import { connect, credentials, openStream, pair } from '../helpers/pair.js';
import { exchange, payload, serveEcho } from '../helpers/streams.js';

const timeout = 20_000;

type Qlog = { header: any; events: Array<{ name: string; data: any }> };

const closed = 'transport:connection_closed';

/** Parses a file of JSON text sequences (RFC 7464), each record of which must be whole. */
async function parse(file: string): Promise<Qlog> {
  const [before, ...records] = (await readFile(file, 'utf8')).split('\x1e');
  assert.equal(before, '');
  const [header, ...events] = records.map((record) => {
    assert.ok(record.endsWith('\n'));
    return JSON.parse(record);
  });
  return { header, events };
}

function fileOf({ type, connectionIdShared }: QUICConnection): string {
  return `${connectionIdShared}_${type}.sqlog`;
}

async function check(
  file: string,
  type: string,
  id: string,
  ...more: Array<string>
): Promise<void> {
  const { header, events } = await parse(file);
  assert.equal(header.qlog_format, 'JSON-SEQ');
  assert.equal(header.trace.vantage_point.type, type);
  assert.equal(header.trace.common_fields.group_id, id);
  const names = new Set(events.map(({ name }) => name));
  for (const name of [
    'transport:packet_sent',
    'transport:packet_received',
    ...more,
  ]) {
    assert.ok(names.has(name), `${name} is not in ${[...names].join(', ')}`);
  }
}

forEachIO((io: IO) => {
  test('both ends write qlog files, which are complete when the connections are closed', {
    timeout,
  }, async (t) => {
    const qlog = path.join(await makeFolder(t), 'made', 'for it');
    const logKeys = path.join(await makeFolder(t), 'keys');
    const { client, connection, serverConnection } = await pair(t, io, {
      server: { config: { qlog, logKeys } },
      client: { config: { qlog } },
    });
    const [stream, peer] = await openStream(connection, serverConnection);
    stream.cancel();
    peer.cancel();
    const both = [connection, serverConnection];
    const checked = both.map(async (one) => {
      await one.closedP;
      const id = one.connectionIdShared.toString();
      await check(path.join(qlog, fileOf(one)), one.type, id, closed);
    });
    await client.destroy({ errorCode: 7 });
    await Promise.all(checked);
    assert.deepEqual((await readdir(qlog)).sort(), both.map(fileOf).sort());
    if (process.platform !== 'win32') {
      // They hold tokens that end connections
      assert.equal((await stat(qlog)).mode & 0o777, 0o700);
      for (const one of both) {
        const { mode } = await stat(path.join(qlog, fileOf(one)));
        assert.equal(mode & 0o777, 0o600);
      }
    }
    const secrets = (await readFile(logKeys, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[2]);
    const key = credentials.key.split('\n')[1];
    for (const one of both) {
      const text = await readFile(path.join(qlog, fileOf(one)), 'utf8');
      for (const secret of [...secrets, key]) {
        assert.ok(!text.includes(secret));
      }
    }
  });

  test('keys stay the same for more packets than are reordered at the start', {
    timeout,
  }, async (t) => {
    const qlog = await makeFolder(t);
    const { client, connection, serverConnection } = await pair(t, io, {
      server: { onStream: serveEcho },
      client: { config: { qlog } },
    });
    await exchange(connection.newStream(), payload(1_000_000));
    assert.ok(connection.stats().packetsSent > 500);
    await client.destroy();
    await serverConnection.closedP;
    const { events } = await parse(path.join(qlog, fileOf(connection)));
    const updates = events
      .filter(({ name }) => name === 'security:key_updated')
      .map(({ data }) => data.trigger);
    assert.deepEqual([...new Set(updates)], ['tls']);
  });

  test('QLOGDIR holds where the configuration has no directory', {
    timeout,
  }, async (t) => {
    const [fromEnvironment, own] = [await makeFolder(t), await makeFolder(t)];
    setVariable(t, 'QLOGDIR', fromEnvironment);
    const { client, connection, serverConnection } = await pair(t, io, {
      client: { config: { qlog: own } },
    });
    await client.destroy();
    await serverConnection.closedP;
    assert.deepEqual(await readdir(own), [fileOf(connection)]);
    assert.deepEqual(await readdir(fromEnvironment), [
      fileOf(serverConnection),
    ]);
  });

  test('a server whose configuration is updated writes qlog files from then on', {
    timeout,
  }, async (t) => {
    const qlog = await makeFolder(t);
    const { server, client } = await pair(t, io);
    await client.destroy();
    assert.deepEqual(await readdir(qlog), []);
    server.updateConfig({ qlog });
    const second = await connect(t, io, server.port);
    await second.destroy();
    await server.stop();
    assert.deepEqual(await readdir(qlog), [
      fileOf(second.connection).replace('client', 'server'),
    ]);
  });

  test('a handshake that fails has qlog files too', { timeout }, async (t) => {
    const qlog = await makeFolder(t);
    const { server } = await pair(t, io);
    await assert.rejects(
      connect(t, io, server.port, {
        config: { qlog, ca: undefined, applicationProtos: ['other'] },
      }),
    );
    const [name, ...others] = await readdir(qlog);
    assert.deepEqual(others, []);
    await check(path.join(qlog, name), 'client', name.split('_')[0], closed);
  });

  test('a directory that cannot be written to is a warning, and connections work', {
    timeout,
  }, async (t) => {
    const file = path.join(await makeFolder(t), 'file');
    await writeFile(file, '');
    const qlog = path.join(file, 'below');
    const { logger, lines } = recordingLogger();
    const { client, connection } = await pair(t, io, {
      server: {
        config: { qlog },
        logger,
        onStream: serveEcho,
      },
      client: { config: { qlog }, logger },
    });
    await until(() => lines.filter((line) => /^WARN/.test(line)).length === 2);
    assert.match(lines.join('\n'), /WARN Cannot write qlog files: ENOTDIR/);
    const sent = payload(100_000);
    assert.deepEqual(await exchange(connection.newStream(), sent), sent);
    await client.destroy();
  });

  test('files are complete when the process ends', { timeout }, async (t) => {
    const directory = await makeFolder(t);
    setVariable(t, 'QLOGDIR', directory);
    const { stderr, code } = await runFixture(t, 'exit', io).exit;
    assert.deepEqual({ stderr, code }, { stderr: '', code: 7 });
    const names = await readdir(directory);
    assert.equal(names.length, 2);
    for (const name of names) {
      const [id, type] = name.replace('.sqlog', '').split('_');
      await check(path.join(directory, name), type, id);
    }
  });
});

test('what is no path is a typed error', () => {
  for (const qlog of ['', 5, 'a\0b']) {
    assert.throws(
      () =>
        new QUICServer({ config: { ...credentials, qlog: qlog as string } }),
      (e: unknown) =>
        e instanceof errors.ErrorQUICConfig && e.data.option === 'config.qlog',
    );
  }
});
