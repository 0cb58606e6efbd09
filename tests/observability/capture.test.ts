import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { makeFolder } from '../helpers/folders.js';
import { forEachIO } from '../helpers/io.js';
import { output } from '../helpers/packages.js';
import { connect, startServer } from '../helpers/pair.js';
import { exchange, payload, serveEcho } from '../helpers/streams.js';

const timeout = 60_000;

/** What is captured on a port of the loopback interface, or why nothing can be. */
async function capture(t: TestContext, port: number, file: string) {
  const child = spawn('tshark', [
    ...['-i', 'lo', '-f', `udp port ${port}`, '-w', file],
    // Prints the length of each datagram at once
    ...['-P', '-l', '-T', 'fields', '-e', 'udp.length'],
  ]);
  const failed = new Promise<string>((resolve) => {
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.once('error', ({ message }) => resolve(message));
    child.once('close', () => resolve(stderr));
  });
  t.after(() => {
    child.kill('SIGKILL');
  });
  const lengths = new Set<number>();
  createInterface(child.stdout).on('line', (line) => lengths.add(Number(line)));
  // Capturing begins some time after the process does, and lags behind: both ends of it
  // are known by datagrams that are too short to be QUIC, and are sent until they are seen
  const probe = createSocket('udp4');
  t.after(() => probe.close());
  const see = (size: number) =>
    new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (lengths.has(8 + size)) {
          clearInterval(timer);
          resolve();
        } else probe.send(new Uint8Array(size), port, '127.0.0.1');
      }, 20);
      void failed.then(() => clearInterval(timer));
    });
  const reason = await Promise.race([see(3), failed]);
  return {
    reason,
    async stop(): Promise<void> {
      await see(5);
      child.kill('SIGINT');
      await once(child, 'close');
    },
  };
}

forEachIO((io) => {
  test('tshark decrypts a capture with the key log', { timeout }, async (t) => {
    const folder = await makeFolder(t);
    const [logKeys, file] = ['keys', 'packets'].map((name) =>
      path.join(folder, name),
    );
    const server = await startServer(t, io, { onStream: serveEcho });
    const { reason, stop } = await capture(t, server.port, file);
    if (reason !== undefined) return t.skip(`tshark cannot capture: ${reason}`);
    const client = await connect(t, io, server.port, { config: { logKeys } });
    const sent = payload(100); // one packet

    await exchange(client.connection.newStream(), sent);
    await client.destroy();
    await stop();
    const printed = await output('tshark', [
      ...['-r', file, '-o', `tls.keylog_file:${logKeys}`],
      ...['-d', `udp.port==${server.port},quic`, '-Y', 'quic.stream_data'],
      ...['-T', 'fields', '-e', 'udp.dstport', '-e', 'quic.stream_data'],
    ]);
    const found = printed
      .trim()
      .split('\n')
      .map((line) => line.split('\t'));
    for (const isSent of [true, false]) {
      const data = found
        .filter(([to]) => (to === `${server.port}`) === isSent)
        .flatMap(([, hex]) => hex.split(','));
      assert.ok(data.includes(sent.toString('hex')), printed);
    }
  });
});
