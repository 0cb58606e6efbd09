// The command `quic`, as people run it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { utils } from '@matrixai/quic';
import { makeFolder } from '../helpers/folders.js';
import { forEachIO } from '../helpers/io.js';
import { root } from '../helpers/packages.js';
import { plainSocket } from '../helpers/plain.js';

const timeout = 60_000;

const command = path.join(root, 'bin', 'quic.js');

function start(t: TestContext, args: Array<string>) {
  const child = spawn(process.execPath, [command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const lines: Array<string> = [];
  const reader = createInterface(child.stdout);
  reader.on('line', (line) => lines.push(line));
  const firstLine = once(reader, 'line').then(([line]) => line as string);
  firstLine.catch(() => {});
  const exit = once(child, 'close').then(([code]) => ({ code, lines, stderr }));
  return { child, firstLine, exit };
}

async function run(t: TestContext, ...args: Array<string>) {
  return start(t, args).exit;
}

test('the command says how it is used', { timeout }, async (t) => {
  const help = await run(t, '--help');
  assert.equal(help.code, 0);
  assert.match(help.lines.join('\n'), /quic ping HOST:PORT/);
  const version = await run(t, '--version');
  const file = path.join(root, 'package.json');
  const expected = JSON.parse(await readFile(file, 'utf8')).version;
  assert.deepEqual(version.lines, [expected]);
  for (const wrong of [
    [],
    ['pong'],
    ['ping'],
    ['ping', 'localhost'],
    ['ping', '[::1]:0'],
    ['ping', 'localhost:1', '--timeout', 'soon'],
    ['ping', 'localhost:1', '--no-such-option'],
    ['serve', '--port', '70000'],
    ['serve', '--key', 'key.pem'],
    ['send'],
  ]) {
    const { code, stderr } = await run(t, ...wrong);
    assert.equal(code, 2, wrong.join(' '));
    assert.match(stderr, /Usage:/);
  }
});

forEachIO((io) => {
  test('ping tells what is there, and send sends a file', {
    timeout,
  }, async (t) => {
    const folder = await makeFolder(t);
    const server = start(t, [
      ...['serve', '--io', io, '--host', '127.0.0.1', '--port', '0'],
      ...['--json', '--directory', folder],
    ]);
    const { port, fingerprint } = JSON.parse(await server.firstLine);
    const address = `127.0.0.1:${port}`;
    const trusted = ['--io', io, '--fingerprint', fingerprint];
    const json = await run(t, 'ping', address, ...trusted, '--json');
    assert.equal(json.stderr, '');
    assert.equal(json.code, 0);
    const pong = JSON.parse(json.lines[0]);
    assert.equal(pong.address, address);
    assert.equal(pong.version, 1);
    assert.equal(pong.applicationProtocol, 'quic');
    assert.equal(pong.certificate.fingerprint, fingerprint);
    assert.ok(pong.smoothedRtt > 0 && pong.handshake > 0);
    assert.ok(pong.pathMtu >= 1200);
    const { lines } = await run(t, 'ping', address, ...trusted);
    assert.match(
      lines.join('\n'),
      /^127\.0\.0\.1:\d+ answers\n {2}QUIC version {4}1 \(RFC 9000\)/,
    );

    const content = Buffer.alloc(3_000_000, 'content');
    const other = await makeFolder(t);
    const file = path.join(other, 'sent.bin');
    await writeFile(file, content);
    const sent = await run(t, 'send', file, address, ...trusted, '--json');
    assert.equal(sent.stderr, '');
    assert.equal(JSON.parse(sent.lines[0]).size, content.length);
    assert.deepEqual(await readFile(path.join(folder, 'sent.bin')), content);
    // It is not overwritten
    const again = await run(t, 'send', file, address, ...trusted);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /refused the file: EEXIST/);

    server.child.kill('SIGTERM');
    const { code, stderr } = await server.exit;
    assert.equal(stderr, '');
    assert.equal(code, 0);
  });

  test('ping says what is the matter, most likely', { timeout }, async (t) => {
    const folder = await makeFolder(t);
    const authority = utils.createAuthority();
    const { key, cert } = authority.issue({ hosts: ['example.test'] });
    const [keyFile, certFile, caFile] = ['key', 'cert', 'ca'].map((name) =>
      path.join(folder, `${name}.pem`),
    );
    await writeFile(keyFile, key);
    await writeFile(certFile, cert);
    await writeFile(caFile, authority.cert);
    const server = start(t, [
      ...['serve', '--io', io, '--host', '127.0.0.1', '--port', '0', '--json'],
      ...['--key', keyFile, '--cert', certFile, '--alpn', 'chat'],
    ]);
    const { port } = JSON.parse(await server.firstLine);
    const address = `127.0.0.1:${port}`;
    const silent = `127.0.0.1:${(await plainSocket(t)).address().port}`;
    for (const [args, expected] of [
      [[silent, '--timeout', '300'], /firewall on the way drops UDP/],
      [['no-such-host.invalid:1'], /does not resolve/],
      [[address], /speaks another protocol: name it with --alpn/],
      [
        [address, '--alpn', 'chat', '--server-name', 'example.test'],
        /authority is unknown.*--ca/,
      ],
      [[address, '--alpn', 'chat', '--ca', caFile], /--server-name/],
      [
        [address, '--alpn', 'chat', '--fingerprint', '00'.repeat(32)],
        /another fingerprint/,
      ],
    ] as const) {
      const { code, stderr } = await run(t, 'ping', ...args, '--io', io);
      assert.equal(code, 1, stderr);
      assert.match(stderr, expected);
    }
    const json = await run(t, 'ping', address, '--io', io, '--json');
    const { ok, code, reason } = JSON.parse(json.lines[0]);
    assert.deepEqual([ok, code], [false, 'ERR_QUIC_CONNECTION_PEER_TLS']);
    assert.match(reason, /--alpn/);
    const { code: success, stderr } = await run(
      t,
      ...['ping', address, '--io', io, '--alpn', 'chat', '--ca', caFile],
      ...['--server-name', 'example.test'],
    );
    assert.equal(stderr, '');
    assert.equal(success, 0);
  });
});
