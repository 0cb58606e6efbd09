import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { makeFolder, output } from './packages.js';

/** A registry on loopback that has what is published to it, and else what npm's has. */
export async function startRegistry(
  t: Pick<TestContext, 'after'>,
  tools: string,
): Promise<{ url: string; env: NodeJS.ProcessEnv }> {
  const folder = await makeFolder(t);
  const port = await freePort();
  const upstream = (await output('npm', ['config', 'get', 'registry'])).trim();
  await writeFile(
    `${folder}/config.json`,
    JSON.stringify({
      storage: './storage',
      uplinks: { npmjs: { url: upstream } },
      packages: {
        '@matrixai/quic*': { access: '$all', publish: '$all' },
        '**': { access: '$all', proxy: 'npmjs' },
      },
      log: { type: 'stdout', level: 'warn' },
    }),
  );
  const registry = spawn(
    process.execPath,
    [
      path.join(tools, 'verdaccio', 'bin', 'verdaccio'),
      ...['--config', `${folder}/config.json`],
      ...['--listen', `127.0.0.1:${port}`],
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] },
  );
  t.after(async () => {
    registry.kill();
    if (registry.exitCode === null) await once(registry, 'exit');
  });
  // It tells its parent when it listens.
  await Promise.race([
    once(registry, 'message'),
    once(registry, 'exit').then(() => assert.fail('the registry ended')),
  ]);
  // npm publishes only with a token, whatever the registry thinks of it.
  const userconfig = `${folder}/npmrc`;
  await writeFile(
    userconfig,
    `registry=http://127.0.0.1:${port}/\n//127.0.0.1:${port}/:_authToken=none\nupdate-notifier=false\naudit=false\nfund=false\n`,
  );
  return {
    url: `http://127.0.0.1:${port}/`,
    env: { npm_config_userconfig: userconfig },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
