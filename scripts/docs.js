// Builds the API site in docs/api/. It fails for an item of the public API without a comment.
// TypeDoc needs another TypeScript than the library: they have a package of their own.
import path from 'node:path';
import { fail, install, isInstalled, root, run } from './lib/common.js';

const folder = path.join(root, 'docs');

if (!isInstalled(root)) fail('Build first: npm run build');
if (!isInstalled(folder)) {
  console.log('Installing TypeDoc');
  install(folder);
}
run(
  'TypeDoc',
  process.execPath,
  [path.join(folder, 'node_modules', 'typedoc', 'bin', 'typedoc')],
  { cwd: folder },
);
console.log(`The site is in ${path.join('docs', 'api')}`);
