import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdir,
  mkdtemp,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const timeout = 30_000;

// This file runs from tests/dist/
const root = fileURLToPath(new URL('../../../', import.meta.url));
const readme = await readFile(path.join(root, 'README.md'), 'utf8');
const [serverCode, clientCode] = [
  ...readme.matchAll(/^```js\n(.*?)^```$/gms),
].map(([, code]) => code);

/** Makes a folder that resolves the package like one that has it installed. */
async function makeProject(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'quic-readme-'));
  const scope = path.join(folder, 'node_modules', '@matrixai');
  await mkdir(scope, { recursive: true });
  await symlink(root, path.join(scope, 'quic'), 'junction');
  await writeFile(path.join(folder, 'server.mjs'), serverCode);
  await writeFile(path.join(folder, 'client.mjs'), clientCode);
  return folder;
}

/** Starts the server, which runs until it is stopped. */
function startServer(cwd: string) {
  const server = spawn(process.execPath, ['server.mjs'], {
    cwd,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  server.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const closed = once(server, 'close');
  const lines = createInterface(server.stdout)[Symbol.asyncIterator]();
  return {
    /** Nothing if the server ends before it prints a line. */
    firstLine: lines.next().then(({ value }) => value as string | undefined),
    /** Resolves with what the server wrote to stderr. */
    async stop(): Promise<string> {
      server.kill();
      await closed;
      return stderr;
    },
  };
}

async function runClient(cwd: string, port: string) {
  return promisify(execFile)(process.execPath, ['client.mjs'], {
    cwd,
    env: { ...process.env, PORT: port },
  });
}

test('the server and the client of the README are the examples, of up to 15 lines', async () => {
  for (const [name, code] of [
    ['server', serverCode],
    ['client', clientCode],
  ]) {
    const example = path.join(root, 'examples', `${name}.ts`);
    assert.equal(code, await readFile(example, 'utf8'));
    assert.ok(code.split('\n').length - 1 <= 15);
  }
});

test('what most programs need is a part of an example that runs', async () => {
  const [example, text] = await Promise.all(
    ['examples/everyday.ts', 'docs/everyday.md'].map((file) =>
      readFile(path.join(root, file), 'utf8'),
    ),
  );
  const parts = [...text.matchAll(/^```ts\n(.*?)^```$/gms)];
  assert.equal(parts.length, 5);
  const lines = new Set(example.split('\n').map((line) => line.trim()));
  for (const [, part] of parts) {
    for (const line of part.trim().split('\n')) {
      assert.ok(lines.has(line.trim()), line);
    }
  }
});

test('the example of datagrams runs', { timeout }, async () => {
  const example = path.join(root, 'examples', 'dist', 'datagrams.js');
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    example,
  ]);
  assert.match(
    stdout,
    /^A datagram has room for 1\d{3} bytes\nHello, datagrams!\nErrorQUICDatagramsTooLarge\n$/,
  );
  assert.equal(stderr, '');
});

test('the README can be read in one go', () => {
  assert.ok(readme.split('\n').length <= 200);
});

test('the server and the client of the README run as printed', {
  timeout,
}, async (t) => {
  const folder = await makeProject();
  const server = startServer(folder);
  t.after(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });
  const line = await server.firstLine;
  const [, port] = /^Listening on 127\.0\.0\.1:(\d+)$/.exec(line ?? '') ?? [];
  if (port === undefined) assert.fail(`${line}\n${await server.stop()}`);
  assert.deepEqual(await runClient(folder, port), {
    stdout: 'Hello, QUIC!\n',
    stderr: '',
  });
  assert.equal(await server.stop(), '');
});

test('the example of what can be seen of a connection runs', {
  timeout,
}, async () => {
  const script = path.join(root, 'examples', 'dist', 'observability.js');
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    script,
  ]);
  assert.equal(stderr, '');
  for (const line of [
    /^INFO:.*:Started QUICServer$/m,
    /^WARN:.*:Logging TLS keys to /m,
    /^open client: no error$/m,
    /^close server: .* application code 0$/m,
    /^12 bytes$/m,
    /keys\.log: \d+$/m,
    /_client\.sqlog: \d+$/m,
  ]) {
    assert.match(stdout, line);
  }
  const [, file] = /^(.*_server\.sqlog): \d+$/m.exec(stdout) ?? [];
  await rm(path.dirname(file), { recursive: true });
});
