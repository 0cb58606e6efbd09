import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once as onceEmitted } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { errors, events, QUICClient } from '@matrixai/quic';
import { runFixture } from '../helpers/child.js';
import { on, once, until } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { connect, credentials, startServer } from '../helpers/pair.js';
import { isFull } from '../helpers/scale.js';
import {
  exchange,
  MiB,
  payload,
  serveEcho,
  sha256,
} from '../helpers/streams.js';

const timeout = 60_000;

const fixture = (name: string) =>
  fileURLToPath(new URL(`../fixtures/${name}.js`, import.meta.url));

/** Why programs cannot have a network, or a disk, of their own here, if they cannot. */
function reasonNotTo(...flags: Array<string>): string | false {
  const { status } = spawnSync('unshare', [...flags, 'ip', 'link']);
  return status === 0 ? false : 'needs unshare, ip and the right to use them';
}

forEachIO((io) => {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    test(`a client whose server dies of ${signal} in mid-transfer ends with its idle timeout`, {
      timeout,
    }, async (t) => {
      const { key, cert } = credentials;
      const child = runFixture(t, 'peer', 'server', io, key, cert);
      const port = Number(await child.firstLine);
      // Making it takes as long as the idle timeout
      const data = payload(isFull ? 256 * MiB : 64 * MiB);
      const client = await connect(t, io, port, {
        config: { maxIdleTimeout: 1000 },
      });
      const failed = once(client, events.EventQUICConnectionError);
      const transfer = exchange(client.connection.newStream(), data);
      await once(client, events.EventQUICConnectionSession);
      child.kill(signal);
      await assert.rejects(transfer, errors.ErrorQUICConnectionIdleTimeout);
      const { detail } = await failed;
      assert.ok(detail instanceof errors.ErrorQUICConnectionIdleTimeout);
      await client.closedP;
    });

    test(`a server whose client dies of ${signal} in mid-transfer ends that connection with its idle timeout, and goes on`, {
      timeout,
    }, async (t) => {
      const server = await startServer(t, io, {
        config: { maxIdleTimeout: 1000 },
        onStream: serveEcho,
      });
      const failed = once(server, events.EventQUICConnectionError);
      const { cert } = credentials;
      const args = [io, String(server.port), cert];
      const child = runFixture(t, 'peer', 'client', ...args);
      assert.equal(await child.firstLine, 'flowing');
      child.kill(signal);
      const { detail } = await failed;
      assert.ok(detail instanceof errors.ErrorQUICConnectionIdleTimeout);
      const { connection } = await connect(t, io, server.port);
      const data = payload(MiB);
      const echoed = await exchange(connection.newStream(), data);
      assert.equal(sha256(echoed), sha256(data));
    });
  }

  for (const outage of ['down', 'unreachable', 'prohibited']) {
    test(`transfers go on after a network was ${outage} for a moment`, {
      timeout,
      skip: reasonNotTo('--net'),
    }, async () => {
      const args = ['--net', process.execPath, fixture('outage'), io, outage];
      const child = spawn('unshare', args, {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const printed = readStdout(child.stdout);
      const [code] = await onceEmitted(child, 'close');
      assert.equal(await printed, 'transferred\n');
      assert.equal(code, 0);
    });
  }

  test('transfers go on after the thread of JavaScript was blocked under load', {
    timeout,
  }, async (t) => {
    const { key, cert } = credentials;
    const child = runFixture(t, 'peer', 'server', io, key, cert);
    const port = Number(await child.firstLine);
    const { connection } = await connect(t, io, port);
    const data = payload(32 * MiB);
    const transfer = exchange(connection.newStream(), data);
    await once(connection, events.EventQUICConnectionSession);
    const blocked = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(blocked, 0, 0, isFull ? 5000 : 1000);
    assert.equal(sha256(await transfer), sha256(data));
  });

  test('transfers go on when the disk is full under qlog and key log', {
    timeout,
    skip: reasonNotTo('--mount', '--net'),
  }, async () => {
    const script = [
      'mount -t tmpfs -o size=64k none /mnt',
      'ip link set lo up',
      `QLOGDIR=/mnt/qlog SSLKEYLOGFILE=/mnt/keys exec "$0" "$@"`,
    ].join(' && ');
    const args = ['--mount', '--net', 'sh', '-c', script, process.execPath];
    const child = spawn('unshare', [...args, fixture('flood'), io], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const printed = readStdout(child.stdout);
    const [code] = await onceEmitted(child, 'close');
    assert.equal(await printed, 'transferred\n');
    assert.equal(code, 0);
  });

  test('listeners that throw in all events come to light as uncaught exceptions, and all goes on', {
    timeout,
  }, async (t) => {
    const { stdout, stderr, code } = await runFixture(t, 'throwing', io).exit;
    assert.equal(`${stdout}${stderr}`, 'many 0\n');
    assert.equal(code, 0);
  });

  test('a verify callback that throws fails that handshake alone', {
    timeout,
  }, async (t) => {
    let isThrowing = true;
    const server = await startServer(t, io, {
      onStream: serveEcho,
      config: {
        verifyPeer: true,
        verifyCallback: async () => {
          if (isThrowing) throw new Error('of a callback');
          return undefined;
        },
      },
    });
    const causes: Array<unknown> = [];
    on(server, events.EventQUICConnectionError, ({ detail }) => {
      causes.push((detail.cause as Error)?.message);
    });
    const options = { config: credentials };
    const refused = await connect(t, io, server.port, options);
    const { detail } = await once(refused, events.EventQUICConnectionError);
    assert.ok(detail instanceof errors.ErrorQUICConnectionPeerTLS);
    // The ends hear of it in any order
    await until(() => causes.length > 0);
    assert.deepEqual(causes, ['of a callback']);
    await assert.rejects(
      QUICClient.createQUICClient({
        ...{ host: '127.0.0.1', port: server.port, io },
        config: {
          verifyCallback: () => {
            throw new Error('of a callback');
          },
        },
      }),
      errors.ErrorQUICConnectionLocalTLS,
    );
    isThrowing = false;
    const { connection } = await connect(t, io, server.port, options);
    assert.equal(
      (await exchange(connection.newStream(), payload(9))).length,
      9,
    );
  });
});

async function readStdout(stdout: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stdout) text += chunk;
  return text;
}
