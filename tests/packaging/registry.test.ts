// What users get: the tarballs of npm, in a registry, installed and used.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  access,
  cp,
  readdir,
  readFile,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { makeFolder } from '../helpers/folders.js';
import { assertGlibc } from '../helpers/glibc.js';
import {
  installTools,
  output,
  pack,
  parseLast,
  prebuild,
  root,
  script,
  userEnvironment,
} from '../helpers/packages.js';
import { startRegistry } from '../helpers/registry.js';

const timeout = 600_000;
const { platforms, thisPlatform } = await script('lib/platforms.js');
const here = platforms[thisPlatform];
const skip = here ? false : `there is no package for ${thisPlatform}`;
const name = '@matrixai/quic';

test('the packages of the platforms are what scripts/lib/packages.js writes', async () => {
  const { packageFiles } = await script('lib/packages.js');
  for (const [file, content] of Object.entries(packageFiles())) {
    assert.equal(await readFile(path.join(root, file), 'utf8'), content, file);
  }
  const folders = await readdir(path.join(root, 'packages'));
  assert.deepEqual(
    folders.filter((name) => name !== 'THIRD_PARTY_LICENSES').sort(),
    Object.keys(platforms).sort(),
  );
});

test('the imports of Windows are what scripts/lib/windows.js writes', async () => {
  const { imports, importsFile } = await script('lib/windows.js');
  const file = path.join(root, importsFile);
  assert.equal(await readFile(file, 'utf8'), imports());
});

test('THIRD_PARTY_LICENSES names all modules of go.mod', async () => {
  const goMod = await readFile(path.join(root, 'go.mod'), 'utf8');
  const licenses = await readFile(
    path.join(root, 'THIRD_PARTY_LICENSES'),
    'utf8',
  );
  for (const [, module] of goMod.matchAll(/^(?:require )?\t?(\S+) v\S+/gm)) {
    assert.ok(licenses.includes(`\n${module}\n`), module);
  }
});

test('classes bear the names under which they are exported', async () => {
  // A bundler renames classes that would clash; events go by these names.
  const all = Object.values(await import(name)).flatMap((value) =>
    typeof value === 'object' ? Object.entries(value as object) : [],
  );
  const classes = all.filter(([name]) => /^(Error|Event)QUIC/.test(name));
  assert.ok(classes.length > 50);
  for (const [name, value] of classes) assert.equal(value.name, name);
});

test('npm version moves the packages and the changelog along', {
  timeout,
}, async (t) => {
  const clone = path.join(await makeFolder(t), 'clone');
  await output('git', [
    'clone',
    '--quiet',
    '--depth=1',
    `file://${root}`,
    clone,
  ]);
  // What is not committed yet counts as well
  for (const folder of ['scripts', 'package.json', 'CHANGELOG.md']) {
    await cp(path.join(root, folder), path.join(clone, folder), {
      recursive: true,
    });
  }
  const git = (...args: Array<string>) =>
    output('git', ['-c', 'user.name=x', '-c', 'user.email=x@x', ...args], {
      cwd: clone,
    });
  await git('add', '--all');
  await git('commit', '--quiet', '--allow-empty', '--message', 'x');
  const env = userEnvironment({
    GIT_AUTHOR_NAME: 'x',
    GIT_AUTHOR_EMAIL: 'x@x',
    GIT_COMMITTER_NAME: 'x',
    GIT_COMMITTER_EMAIL: 'x@x',
  });
  await output('npm', ['version', '9.8.7'], { cwd: clone, env });
  const read = (file: string) => readFile(path.join(clone, file), 'utf8');
  for (const file of [
    'package.json',
    'package-lock.json',
    ...Object.keys(platforms).map((name) => `packages/${name}/package.json`),
  ]) {
    assert.equal(JSON.parse(await read(file)).version, '9.8.7', file);
  }
  assert.match(
    await read('CHANGELOG.md'),
    /^## \[Unreleased\]\n\n## \[9\.8\.7\] - \d{4}-\d\d-\d\d\n/m,
  );
  assert.equal(await git('status', '--porcelain'), '');
  assert.match(await git('tag'), /^v9\.8\.7$/m);
});

test('the native library of this platform runs on systems as old as promised, and is small', {
  skip,
  timeout,
}, async () => {
  await prebuild(thisPlatform);
  const folder = path.join(root, 'packages', thisPlatform);
  const sizes = await Promise.all(
    (await readdir(folder)).map(
      async (name) => (await stat(path.join(folder, name))).size,
    ),
  );
  assert.ok(sizes.reduce((sum, size) => sum + size) <= 8e6, sizes.join(' + '));
  if (here.libc === 'glibc') await assertGlibc(`${folder}/quic.node`);
});

test('npm packs what is needed and nothing else', { timeout }, async () => {
  const before = await readFile(path.join(root, 'package.json'), 'utf8');
  const printed = await output('npm', ['pack', '--dry-run', '--json']);
  assert.equal(await readFile(path.join(root, 'package.json'), 'utf8'), before);
  const [{ files }] = parseLast(printed);
  const sources = (
    await readdir(path.join(root, 'src/ts'), { recursive: true })
  )
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.replaceAll('\\', '/'));
  assert.deepEqual(
    files.map(({ path }: { path: string }) => path).sort(),
    [
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'THIRD_PARTY_LICENSES',
      'bin/quic.js',
      'package.json',
      'dist/commonjs.cjs',
      'dist/index.cjs',
      'dist/index.d.cts',
      'dist/quic.js',
      'dist/quic.js.map',
      ...sources.flatMap((file) => {
        const module = `dist/${file.slice(0, -'.ts'.length)}`;
        return [
          `src/ts/${file}`,
          `${module}.js`,
          `${module}.d.ts`,
          `${module}.d.ts.map`,
        ];
      }),
    ].sort(),
  );
});

test('npm install from a registry gives a working library, with no compiler', {
  skip,
  timeout,
}, async (t) => {
  const tools = await installTools('packaging');
  const tarballs = await makeFolder(t);
  const ofPlatform = await pack(`packages/${thisPlatform}`, tarballs);
  const main = await pack('.', tarballs);
  const registry = await startRegistry(t, tools);
  for (const tarball of [ofPlatform, main]) await registry.publish(tarball);

  const folder = path.join(await makeFolder(t), 'project');
  await cp(path.join(root, 'examples', 'starter'), folder, {
    recursive: true,
    filter: (source) => !/\b(node_modules|dist)$/.test(source),
  });
  const env = userEnvironment({
    ...registry.env,
    PATH: await makePath(t),
    npm_config_cache: path.join(await makeFolder(t), 'cache'),
  });
  const user = { cwd: folder, env };
  await output('npm', ['install'], user);

  await t.test(
    'it installs the package of this platform alone, and runs no script',
    async () => {
      const lock = JSON.parse(
        await readFile(`${folder}/node_modules/.package-lock.json`, 'utf8'),
      );
      const ours = Object.keys(lock.packages).filter((key) =>
        key.startsWith(`node_modules/${name}`),
      );
      assert.deepEqual(ours, [
        `node_modules/${name}`,
        `node_modules/${name}-${thisPlatform}`,
      ]);
      for (const [key, { hasInstallScript }] of Object.entries<any>(
        lock.packages,
      )) {
        assert.equal(hasInstallScript, undefined, key);
      }
    },
  );

  await t.test('the starter is built, and passes its test', async () => {
    await output('npm', ['test'], user);
  });

  await t.test('its server and its client run', async () => {
    const server = ['dist/server.js'];
    const client = ['dist/client.js', 'hello'];
    assert.equal(await runBoth(user, server, client), 'HELLO\n');
  });

  await t.test(
    'the server and the client of the README run as CommonJS',
    { skip: !canRequire() && 'this Node.js cannot require ES modules' },
    async () => {
      const readme = await readFile(
        `${folder}/node_modules/${name}/README.md`,
        'utf8',
      );
      const [server, client] = [
        ...readme.matchAll(/^```js\n(.*?)^```$/gms),
      ].map(([, code]) => code);
      await writeFile(`${folder}/server.cjs`, toCommonJS(server));
      await writeFile(`${folder}/client.cjs`, toCommonJS(client));
      assert.equal(
        await runBoth(user, ['server.cjs'], ['client.cjs']),
        'Hello, QUIC!\n',
      );
    },
  );

  await t.test('TypeScript takes its types', async () => {
    await writeFile(`${folder}/consumer.mts`, consumer);
    await writeFile(`${folder}/consumer.cts`, consumer);
    const tsc = path.join(tools, 'typescript', 'bin', 'tsc');
    const check = (...args: Array<string>) =>
      output(
        process.execPath,
        [tsc, '--noEmit', '--strict', '--target', 'es2022', ...args],
        user,
      );
    for (const file of ['consumer.mts', 'consumer.cts']) {
      await check('--module', 'node16', '--moduleResolution', 'node16', file);
    }
    await check(
      ...['--module', 'esnext', '--moduleResolution', 'bundler'],
      'consumer.mts',
    );
  });

  await t.test('publint and arethetypeswrong find nothing', async () => {
    const bin = (name: string) => path.join(tools, '.bin', name);
    const found = await output(bin('publint'), ['--strict', main]);
    assert.match(found, /All good/);
    await output(bin('attw'), ['--no-color', main]);
    await output(bin('publint'), ['--strict', ofPlatform]);
  });
});

/** A PATH with Node.js and npm alone. */
async function makePath(t: TestContext): Promise<string> {
  if (process.platform === 'win32') return process.env.PATH!;
  const folder = await makeFolder(t);
  await symlink(process.execPath, `${folder}/node`);
  for (const command of ['npm', 'sh', 'env']) {
    const found = (process.env.PATH ?? '')
      .split(path.delimiter)
      .map((entry) => path.join(entry, command));
    for (const file of found) {
      if (
        await access(file).then(
          () => true,
          () => false,
        )
      ) {
        await symlink(file, `${folder}/${command}`);
        break;
      }
    }
  }
  return folder;
}

function canRequire(): boolean {
  return 'require_module' in process.features;
}

/** Code of the README, which awaits at the top level, for CommonJS. */
function toCommonJS(code: string): string {
  const body = code.replaceAll(
    /^import (.*) from (.*);$/gm,
    'const $1 = require($2);',
  );
  return `(async () => {\n${body}})();\n`;
}

/** Runs the server and then the client, and returns what the client prints. */
async function runBoth(
  { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv },
  serverArgs: Array<string>,
  clientArgs: Array<string>,
): Promise<string> {
  const server = spawn(process.execPath, serverArgs, {
    cwd,
    env: { ...env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const lines = createInterface(server.stdout)[Symbol.asyncIterator]();
    const { value: line } = await lines.next();
    const [, PORT] = /:(\d+)$/.exec(line ?? '') ?? assert.fail(String(line));
    return await output(process.execPath, clientArgs, {
      cwd,
      env: { ...env, PORT },
    });
  } finally {
    server.kill();
    if (server.exitCode === null) await once(server, 'exit');
  }
}

const consumer = `
import type { ReadableStream } from 'node:stream/web';
import { QUICClient, QUICServer, QUICSocket, errors, events, utils } from '${name}';
import type { QUICConnection, QUICStream, QUICConfig } from '${name}';

export async function use(): Promise<QUICStream> {
  const { key, cert } = utils.selfSigned();
  const config: QUICConfig | undefined = undefined;
  const server = new QUICServer({ config: { key, cert }, io: 'native' });
  server.addEventListener(
    events.EventQUICServerConnection.name,
    ({ detail: connection }: events.EventQUICServerConnection) => {
      const { remotePort }: QUICConnection = connection;
      const port: number = remotePort;
      void port;
    },
  );
  const socket = new QUICSocket();
  await socket.start();
  const client = await QUICClient.createQUICClient({ host: '::1', port: 1, socket });
  try {
    const stream = client.connection.newStream();
    const readable: ReadableStream<Uint8Array> = stream.readable;
    // @ts-expect-error: a stream has no such property
    stream.nothing;
    void readable;
    return stream;
  } catch (e) {
    if (e instanceof errors.ErrorQUICConnection) throw e;
    throw config;
  }
}
`;
