// After `npm version` has changed package.json, and before it commits: moves
// the packages of the platforms and the changelog along.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fail, root, run } from './lib/common.js';
import { readMain } from './lib/packages.js';

const { version } = readMain();
const file = path.join(root, 'CHANGELOG.md');
const changelog = readFileSync(file, 'utf8');
const heading = '## [Unreleased]\n';
if (!changelog.includes(heading)) {
  fail(`CHANGELOG.md has no line "${heading.trim()}".`);
}
const today = new Date().toISOString().slice(0, 10);
writeFileSync(
  file,
  changelog.replace(heading, `${heading}\n## [${version}] - ${today}\n`),
);
run('Writing packages/', process.execPath, ['scripts/lib/packages.js']);
run('git add', 'git', ['add', 'CHANGELOG.md', 'packages']);
