// Checks the format of the shim (.clang-format) and what it does (.clang-tidy). With --fix it is
// formatted. The tools come from PyPI, once, into node_modules/.cache/.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fail, installed, root, run } from './lib/common.js';
import { pipInstallOnce } from './lib/pip.js';
import { output, requireNativeTools } from './lib/tools.js';

const folder = installed('.cache', 'clang');
const shim = path.join(root, 'addon');
const all = readdirSync(shim).sort();
const sources = all.filter((name) => name.endsWith('.cc'));

function tool(name, args) {
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
  const list = '{{join .CgoCXXFLAGS "\\n"}}';
  return [
    ...output('go', ['list', '-f', list, './native']).split('\n'),
    ...[`-I${path.join(root, 'native')}`, `-I${include}`],
  ];
}

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log(
    'Skipped: clang-format and clang-tidy are installed on Linux x64',
  );
} else {
  const { PYTHON } = requireNativeTools();
  // The hashes are those of the packages of Linux x64
  const requirements = 'scripts/lib/requirements-clang.txt';
  pipInstallOnce('clang', PYTHON, folder, 'bin/clang-tidy', requirements);
  const isFixing = process.argv.includes('--fix');
  tool(
    'clang-format',
    isFixing ? ['-i', ...all] : ['--dry-run', '-Werror', ...all],
  );
  tool('clang-tidy', ['--quiet', ...sources, '--', ...flags()]);
}
