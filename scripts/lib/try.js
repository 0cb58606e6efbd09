// Installs the tarballs in a folder, those of the main package and of this
// platform, into a new project, and runs the smoke test of tests/fixtures/ there:
// `node try.js FOLDER`. It needs nothing built or installed.
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fail, root, run } from './common.js';
import { readMain } from './packages.js';
import { thisPlatform } from './platforms.js';

const folder = path.resolve(process.argv[2]);
const { version } = readMain();
const tarballs = ['', `-${thisPlatform}`].map((of) =>
  path.join(folder, `matrixai-quic${of}-${version}.tgz`),
);
const there = readdirSync(folder);
for (const tarball of tarballs) {
  if (!there.includes(path.basename(tarball))) fail(`${tarball} is missing.`);
}
const project = mkdtempSync(path.join(tmpdir(), 'quic-try-'));
try {
  // The others, which are optional, are not in the registry yet.
  run('npm install', 'npm', ['install', '--omit=optional', ...tarballs], {
    cwd: project,
    shell: process.platform === 'win32',
  });
  const smoke = path.join(project, 'smoke.mjs');
  copyFileSync(path.join(root, 'tests', 'fixtures', 'smoke.mjs'), smoke);
  const RESULT = path.join(project, 'result');
  run('The smoke test', process.execPath, [smoke], {
    cwd: project,
    env: { ...process.env, RESULT },
  });
  const result = readFileSync(RESULT, 'utf8');
  console.log(result.trim());
  if (result !== 'dgram ok\nnative ok\n') fail('The smoke test failed.');
} finally {
  rmSync(project, { recursive: true, force: true });
}
