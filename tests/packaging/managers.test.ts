// The library as each package manager installs it from a registry, and several versions of it
// beside each other.

import assert from 'node:assert/strict';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { cleanups, makeFolder } from '../helpers/folders.js';
import {
  installTools,
  output,
  pack,
  prebuild,
  report,
  root,
  script,
  userEnvironment,
} from '../helpers/packages.js';
import { type Registry, startRegistry } from '../helpers/registry.js';

const { platforms, thisPlatform } = await script('lib/platforms.js');
const skip =
  thisPlatform === 'linux-x64' ? false : 'the tools are those of Linux x64';
const timeout = 300_000;
const name = '@matrixai/quic';
const { version } = JSON.parse(
  await readFile(path.join(root, 'package.json'), 'utf8'),
);
/** Another version of the same length, so that it can stand in the native file. */
const other = version.replaceAll(/\d/g, '8');
const works = 'dgram ok\nnative ok\n';

describe('installed from a registry', { skip, timeout: 1_200_000 }, () => {
  let tools: string;
  let registry: Registry;
  const folders = cleanups();

  before(async () => {
    tools = await installTools('packaging');
    await prebuild(thisPlatform);
    registry = await startRegistry(folders, tools);
    const tarballs = await makeFolder(folders);
    for (const folder of [`packages/${thisPlatform}`, '.']) {
      const tarball = await pack(folder, tarballs);
      await registry.publish(tarball);
      await registry.publish(await asOther(tarball));
    }
    // Yarn wants to know about all of them
    for (const platform of Object.keys(platforms)) {
      if (platform === thisPlatform) continue;
      await registry.publish(await pack(`packages/${platform}`, tarballs));
    }
  });
  after(() => folders.end());

  /** A tarball with another version in its package.json, its JavaScript and its native file. */
  async function asOther(tarball: string): Promise<string> {
    const folder = await makeFolder(folders);
    await output('tar', ['-xzf', tarball, '-C', folder]);
    for (const file of ['package.json', 'dist/quic.js', 'quic.node']) {
      const whole = path.join(folder, 'package', file);
      const content = await readFile(whole, 'latin1').catch(() => undefined);
      if (content === undefined) continue;
      await writeFile(whole, content.replaceAll(version, other), 'latin1');
    }
    const packed = path.join(folder, 'other.tgz');
    await output('tar', ['-czf', packed, '-C', folder, 'package']);
    return packed;
  }

  async function makeProject(content: object = {}): Promise<string> {
    const project = path.join(await makeFolder(folders), 'project');
    await mkdir(project);
    const all = { name: 'project', private: true, type: 'module', ...content };
    await writeFile(`${project}/package.json`, JSON.stringify(all));
    await writeFile(`${project}/.npmrc`, `registry=${registry.url}\n`);
    await cp(
      path.join(root, 'tests', 'fixtures', 'smoke.mjs'),
      `${project}/smoke.mjs`,
    );
    return project;
  }

  async function environment(extra: NodeJS.ProcessEnv = {}) {
    return userEnvironment({
      ...registry.env,
      npm_config_cache: await makeFolder(folders),
      CI: 'true',
      ...extra,
    });
  }

  async function run(project: string, command: Array<string>) {
    return report(project, command, await environment());
  }

  const dependencies = { [name]: version };

  test('by npm', { timeout }, async () => {
    const project = await makeProject({ dependencies });
    const env = await environment();
    await output('npm', ['install'], { cwd: project, env });
    assert.equal(await run(project, [process.execPath, 'smoke.mjs']), works);
  });

  test('by pnpm, in its strict node_modules', { timeout }, async () => {
    const project = await makeProject({ dependencies });
    const env = await environment({
      npm_config_store_dir: await makeFolder(folders),
    });
    await output(path.join(tools, '.bin', 'pnpm'), ['install'], {
      cwd: project,
      env,
    });
    assert.equal(await run(project, [process.execPath, 'smoke.mjs']), works);
  });

  test("by Yarn with Plug'n'Play", { timeout }, async () => {
    const project = await makeProject({ dependencies });
    await writeFile(`${project}/yarn.lock`, '');
    await writeFile(
      `${project}/.yarnrc.yml`,
      [
        `npmRegistryServer: ${registry.url}`,
        'unsafeHttpWhitelist: ["127.0.0.1"]',
        'nodeLinker: pnp',
        'enableTelemetry: false',
        'enableGlobalCache: false',
        'enableImmutableInstalls: false',
        'npmMinimalAgeGate: 0',
      ].join('\n'),
    );
    const yarn = [
      process.execPath,
      path.join(tools, '@yarnpkg', 'cli-dist', 'bin', 'yarn.js'),
    ];
    const env = await environment({
      YARN_GLOBAL_FOLDER: await makeFolder(folders),
    });
    await output(yarn[0], [yarn[1], 'install'], { cwd: project, env });
    const command = [...yarn, 'node', 'smoke.mjs'];
    assert.equal(await run(project, command), works);
  });

  test('by Bun', { timeout }, async () => {
    const runtimes = await installTools('runtimes');
    const bun = path.join(runtimes, '@oven', 'bun-linux-x64', 'bin', 'bun');
    const project = await makeProject({ dependencies });
    const env = await environment({
      BUN_INSTALL_CACHE_DIR: await makeFolder(folders),
    });
    await output(bun, ['install'], { cwd: project, env });
    assert.equal(await run(project, [process.execPath, 'smoke.mjs']), works);
    assert.equal(await run(project, [bun, 'smoke.mjs']), works);
  });

  test('in two versions in one process, and 2.x beside them', {
    timeout,
  }, async () => {
    const project = await makeProject({
      workspaces: ['here', 'there'],
    });
    for (const [folder, wanted] of [
      ['here', version],
      ['there', other],
    ]) {
      await mkdir(`${project}/${folder}`);
      const content = {
        name: folder,
        version: '1.0.0',
        dependencies: { [name]: wanted },
      };
      await writeFile(
        `${project}/${folder}/package.json`,
        JSON.stringify(content),
      );
      await cp(`${project}/smoke.mjs`, `${project}/${folder}/smoke.mjs`);
    }
    const env = await environment();
    await output('npm', ['install'], { cwd: project, env });
    // The registry has none of its packages
    const old = path.join(root, 'node_modules', '@matrixai', 'quic-v2');
    await writeFile(
      `${project}/both.mjs`,
      `const old = await import(${JSON.stringify(`${old}/dist/index.js`)});
       if (typeof old.native.quiche.Config !== 'function') throw new Error('2.x was not loaded');
       await import('./here/smoke.mjs');
       await import('./there/smoke.mjs');`,
    );
    const command = [process.execPath, 'both.mjs'];
    // They run at the same time
    const lines = (await run(project, command)).split('\n').filter(Boolean);
    const twice = [...works.trim().split('\n'), ...works.trim().split('\n')];
    assert.deepEqual(lines.sort(), twice.sort());
  });
});
