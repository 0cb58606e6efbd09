// Builds what is missing or out of date: the npm dependencies, the native
// library with its addon, dist/. Folders named as arguments (tests, examples,
// benches) are compiled as well.
import { bundle } from './lib/bundle.js';
import { install, installed, isInstalled, root, run } from './lib/common.js';
import { buildNative, nativeStale } from './lib/native.js';
import { requireNativeTools, requireNpm } from './lib/tools.js';

// All that is missing is named before anything is done.
const isComplete = isInstalled(root);
if (!isComplete) requireNpm();
const tools = !isComplete || nativeStale() ? requireNativeTools() : undefined;

if (!isComplete) {
  console.log('Installing the npm dependencies');
  install(root);
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
await bundle();
