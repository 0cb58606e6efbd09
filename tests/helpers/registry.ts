import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Cleanup, makeFolder } from './folders.js';
import { output, userEnvironment } from './packages.js';
import { freePort } from './plain.js';

export interface Registry {
  url: string;
  /** How npm is told of it. */
  env: NodeJS.ProcessEnv;
  publish(tarball: string): Promise<void>;
}

/** A registry on loopback that has what is published to it, and else what npm's has. */
export async function startRegistry(
  t: Cleanup,
  tools: string,
): Promise<Registry> {
  const folder = await makeFolder(t);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
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
    `registry=${url}\n//127.0.0.1:${port}/:_authToken=none\nupdate-notifier=false\naudit=false\nfund=false\n`,
  );
  const env = { npm_config_userconfig: userconfig };
  return {
    url,
    env,
    async publish(tarball) {
      await output('npm', ['publish', '--tag', 'latest', tarball], {
        cwd: path.dirname(tarball),
        env: userEnvironment(env),
      });
    },
  };
}
