// Builds what is missing or out of date: the npm dependencies, the native
// library with its addon, dist/. Folders named as arguments (tests, examples,
// benches) are compiled as well.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { installed, root, run } from './common.js';
import { buildNative, nativeStale } from './native.js';
import { requireNativeTools, requireNpm } from './tools.js';

/**
 * True when node_modules does not hold what package-lock.json asks for.
 * Optional packages do not count: npm leaves out those for other platforms.
 */
function dependenciesStale() {
  const wanted = readLock(path.join(root, 'package-lock.json'));
  const present = readLock(installed('.package-lock.json'));
  return Object.entries(wanted).some(
    ([name, { version, optional }]) =>
      name !== '' && !optional && present[name]?.version !== version,
  );
}

function readLock(file) {
  if (!existsSync(file)) return {};
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

// All that is missing is named before anything is done.
const install = dependenciesStale();
if (install) requireNpm();
const tools = install || nativeStale() ? requireNativeTools() : undefined;

if (install) {
  console.log('Installing the npm dependencies');
  run('npm ci', 'npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], {
    shell: process.platform === 'win32',
  });
}
if (tools && nativeStale()) {
  console.log('Building the native library (Go and C++)');
  buildNative(tools);
}
run('Compiling TypeScript', process.execPath, [
  installed('typescript', 'bin', 'tsc'),
  '--build',
  '.',
  ...process.argv.slice(2),
]);
