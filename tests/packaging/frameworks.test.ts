// The library in what tests and runs applications, as CommonJS and as ES modules, each as it comes.
// Jest and Vitest with ES modules are in tests/runners.

import assert from 'node:assert/strict';
import { cp, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { cleanups, makeFolder } from '../helpers/folders.js';
import {
  installProject,
  installTools,
  output,
  prebuild,
  root,
  script,
  userEnvironment,
} from '../helpers/packages.js';

const { platforms, thisPlatform } = await script('lib/platforms.js');
const skip = platforms[thisPlatform]
  ? false
  : `there is no package for ${thisPlatform}`;
const timeout = 120_000;

describe('the library', { skip, timeout: 600_000 }, () => {
  let tools: string;
  let runners: string;
  let installed: string;
  const folders = cleanups();

  before(async () => {
    tools = await installTools('packaging');
    runners = await installTools('runners');
    await prebuild(thisPlatform);
    installed = await installProject(folders, thisPlatform);
    const modules = path.join(installed, 'node_modules');
    await cp(`${tools}/@types/node`, `${modules}/@types/node`, {
      recursive: true,
    });
    await cp(`${tools}/undici-types`, `${modules}/undici-types`, {
      recursive: true,
    });
  });
  after(() => folders.end());

  /** A copy of tests/packaging/frameworks, beside an installed library. */
  async function makeProject(type: 'commonjs' | 'module'): Promise<string> {
    const project = path.join(await makeFolder(folders), 'project');
    const from = path.join(root, 'tests', 'packaging', 'frameworks');
    await cp(from, project, { recursive: true });
    await symlink(
      path.join(installed, 'node_modules'),
      path.join(project, 'node_modules'),
      'junction',
    );
    if (type === 'module') {
      await writeFile(`${project}/package.json`, '{ "type": "module" }');
      await writeFile(
        `${project}/tsconfig.json`,
        '{ "compilerOptions": { "target": "es2022", "module": "nodenext", "strict": true, "types": ["node"] } }',
      );
    }
    return project;
  }

  function run(cwd: string, ...args: Array<string>): Promise<string> {
    return output(process.execPath, args, { cwd, env: userEnvironment() });
  }

  for (const workers of [['--runInBand'], ['--maxWorkers=2']]) {
    const name = `under Jest without any configuration, ${workers}`;
    test(name, { timeout }, async () => {
      const project = await makeProject('commonjs');
      const jest = path.join(runners, 'jest', 'bin', 'jest.js');
      const printed = await run(project, jest, '--json', ...workers);
      const { numPassedTests, success } = JSON.parse(printed);
      assert.ok(success);
      assert.equal(numPassedTests, 6);
    });
  }

  test('under mocha', { timeout }, async () => {
    const project = await makeProject('commonjs');
    const mocha = path.join(tools, 'mocha', 'bin', 'mocha.js');
    const printed = await run(project, mocha, 'echo.test.js');
    assert.match(printed, /3 passing/);
  });

  for (const type of ['commonjs', 'module'] as const) {
    test(`under tsx, ${type}`, { timeout }, async () => {
      const project = await makeProject(type);
      const tsx = path.join(tools, 'tsx', 'dist', 'cli.mjs');
      assert.equal(await run(project, tsx, 'main.ts'), 'client\n');
    });
  }

  test('under ts-node, commonjs', { timeout }, async () => {
    const project = await makeProject('commonjs');
    const tsNode = path.join(tools, 'ts-node', 'dist', 'bin.js');
    assert.equal(await run(project, tsNode, 'main.ts'), 'client\n');
  });

  test('under ts-node, module', { timeout }, async () => {
    const project = await makeProject('module');
    const loader = path.join(tools, 'ts-node', 'esm.mjs');
    const args = ['--no-warnings', '--loader', loader, 'main.ts'];
    assert.equal(await run(project, ...args), 'client\n');
  });

  test('has one copy of its classes, imported and required', {
    timeout,
    skip:
      !('require_module' in process.features) &&
      'this Node.js cannot require ES modules',
  }, async () => {
    const code = `
      import * as imported from '@matrixai/quic';
      import { createRequire } from 'node:module';
      const required = createRequire(import.meta.url)('@matrixai/quic');
      for (const [name, value] of Object.entries(imported)) {
        if (required[name] !== value) throw new Error(name);
      }`;
    await writeFile(`${installed}/one.mjs`, code);
    await run(installed, 'one.mjs');
  });
});
