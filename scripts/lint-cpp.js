// Checks the format of the shim (.clang-format) and what it does (.clang-tidy). With --fix it is
// formatted. The tools come from PyPI, once, into node_modules/.cache/.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fail, installed, root, run } from './lib/common.js';
import { pipInstall } from './lib/pip.js';
import { requireNativeTools } from './lib/tools.js';

const folder = installed('.cache', 'clang');
const python = process.platform === 'win32' ? 'python' : 'python3';
const shim = path.join(root, 'addon');
const all = readdirSync(shim).sort();
const sources = all.filter((name) => name.endsWith('.cc'));

/** Runs a tool. They are of a Linux x64 machine, as the hashes of their packages say. */
function tool(name, args) {
  if (!existsSync(path.join(folder, 'bin', name))) {
    console.log('Installing clang-format and clang-tidy');
    const requirements = path.join('scripts', 'lib', 'requirements-clang.txt');
    run('Installing clang', python, pipInstall(folder, requirements));
  }
  const env = { ...process.env, PYTHONPATH: folder };
  const options = { cwd: shim, env, stdio: 'inherit' };
  run(name, path.join(folder, 'bin', name), args, options);
}

/**
 * The flags of cgo. It writes a header of the ABI beside what it builds, which stands in for its
 * own.
 */
function flags() {
  const include = path.join(folder, 'include');
  const header = path.join(root, 'build', 'Release', 'quic.h');
  if (!existsSync(header)) fail('Build the library first: npm run build');
  mkdirSync(include, { recursive: true });
  writeFileSync(
    path.join(include, '_cgo_export.h'),
    `#include ${JSON.stringify(header)}\n`,
  );
  return [
    ...['-std=c++17', '-fno-exceptions', '-DNAPI_VERSION=8'],
    ...[`-I${path.join(root, 'native')}`, `-I${include}`],
    ...['-isystem', installed('node-api-headers', 'include')],
  ];
}

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log(
    'Skipped: clang-format and clang-tidy are installed on Linux x64',
  );
} else {
  requireNativeTools();
  const isFixing = process.argv.includes('--fix');
  tool(
    'clang-format',
    isFixing ? ['-i', ...all] : ['--dry-run', '-Werror', ...all],
  );
  tool('clang-tidy', ['--quiet', ...sources, '--', ...flags()]);
}
