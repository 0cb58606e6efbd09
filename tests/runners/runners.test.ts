// The library in projects that test with Jest or Vitest, which load it anew for each of three test
// files.

import assert from 'node:assert/strict';
import { cp, mkdir, readdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { cleanups, makeFolder } from '../helpers/folders.js';
import {
  installTools,
  output,
  root,
  userEnvironment,
} from '../helpers/packages.js';

const timeout = 120_000;

const version = Number.parseInt(process.versions.node, 10);
// Before Node.js 22 nothing frees the modules of a realm
const frees = version >= 22;
// Earlier ones can abort in UDPWrap::OnRecv when a worker is ended while its dgram socket receives
const endsThreads = version >= 24;

/** Puts this library into the node_modules of a project, where runners take it for a dependency. */
async function installHere(project: string): Promise<void> {
  const from = path.join(root, 'node_modules');
  const to = path.join(project, 'node_modules');
  const library = path.join(to, '@matrixai', 'quic');
  const addon = path.join('build', 'Release', 'quic.node');
  await mkdir(path.dirname(path.join(library, addon)), { recursive: true });
  for (const name of ['package.json', 'dist', 'binding.gyp', addon]) {
    await cp(path.join(root, name), path.join(library, name), {
      recursive: true,
    });
  }
  for (const folder of ['', '@matrixai']) {
    for (const name of await readdir(path.join(from, folder))) {
      if (name.startsWith('.') || name === '@matrixai') continue;
      const dependency = path.join(folder, name);
      await symlink(
        path.join(from, dependency),
        path.join(to, dependency),
        'junction',
      );
    }
  }
}

describe('test runners', { timeout: 600_000 }, () => {
  let tools: string;
  let project: string;
  const folders = cleanups();

  before(async () => {
    tools = await installTools('runners');
    project = await makeFolder(folders);
    await installHere(project);
    await cp(path.join(root, 'tests', 'runners', 'project'), project, {
      recursive: true,
    });
  });
  after(() => folders.end());

  /** Runs one of the tools, and returns what it prints. */
  async function run(
    tool: string,
    args: Array<string>,
    env: NodeJS.ProcessEnv,
  ): Promise<string> {
    await rm(path.join(project, 'ports.txt'), { force: true });
    const nodeArgs = ['--experimental-vm-modules', '--no-warnings'];
    return output(
      process.execPath,
      [...nodeArgs, path.join(tools, tool), ...args],
      { cwd: project, env: userEnvironment(env), timeout: timeout - 1000 },
    );
  }

  async function jest(args: Array<string>, env: NodeJS.ProcessEnv = {}) {
    const report = await run(
      'jest/bin/jest.js',
      ['--config=jest.config.json', '--json', ...args],
      {
        ...env,
        SEQUENCER: path.join(tools, '@jest', 'test-sequencer'),
      },
    );
    assert.equal(JSON.parse(report).numPassedTestSuites, 3);
  }

  for (const args of [['--runInBand'], ['-w', '2']]) {
    const name = `Jest ${args.join(' ')}`;

    test(`${name} ends by itself`, { timeout }, async () => {
      await jest(args);
    });

    test(`${name} with what test files leave open`, { timeout }, async () => {
      await jest([...args, '--forceExit'], { LEAVE_OPEN: 'flowing' });
    });
  }

  test('Jest --runInBand, and what a test file left open is closed', {
    timeout,
    skip: !frees && 'Node.js keeps the modules of realms',
  }, async () => {
    await jest(['--runInBand', '--forceExit'], {
      LEAVE_OPEN: 'until collected',
    });
  });

  for (const pool of ['forks', 'threads', 'vmThreads', 'vmForks']) {
    for (const LEAVE_OPEN of ['', 'flowing']) {
      const name = `Vitest in ${pool}`;
      test(LEAVE_OPEN ? `${name} with what test files leave open` : name, {
        timeout,
        skip:
          LEAVE_OPEN !== '' &&
          /threads/i.test(pool) &&
          !endsThreads &&
          'this version of Node.js can abort',
      }, async () => {
        const report = await run(
          'vitest/vitest.mjs',
          ['run', `--pool=${pool}`, '--reporter=json'],
          { LEAVE_OPEN },
        );
        const { numPassedTests, success } = JSON.parse(report);
        assert.ok(success);
        assert.equal(numPassedTests, LEAVE_OPEN ? 12 : 6);
      });
    }
  }
});
