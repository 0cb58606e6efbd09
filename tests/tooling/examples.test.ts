// Every example that needs no other program runs, prints something and ends.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { output, root } from '../helpers/packages.js';

const folder = path.join(root, 'examples');
const apart = ['client.ts', 'server.ts'];
const examples = [
  ...(await readdir(folder)),
  ...(await readdir(path.join(folder, 'guides'))).map((name) =>
    path.join('guides', name),
  ),
].filter((name) => name.endsWith('.ts') && !apart.includes(name));

for (const name of examples) {
  test(name, { timeout: 60_000 }, async () => {
    const program = path.join(folder, 'dist', name.replace(/ts$/, 'js'));
    const printed = await output(process.execPath, [program]);
    assert.notEqual(printed, '');
  });
}

test('guides show the programs as they are', async () => {
  const guides = path.join(root, 'docs', 'guides');
  const names = (await readdir(guides)).filter((name) => name !== 'README.md');
  const index = await readFile(path.join(guides, 'README.md'), 'utf8');
  for (const name of names) {
    assert.ok(index.includes(`(${name})`), name);
    const text = await readFile(path.join(guides, name), 'utf8');
    const [, file] = /\]\(\.\.\/\.\.\/(examples\/[^)]+)\)/.exec(text) ?? [];
    const [, code] = /^```ts\n(.*?)^```$/ms.exec(text) ?? [];
    const program = await readFile(path.join(root, file), 'utf8');
    assert.ok(program.endsWith(code), `${name} shows another program`);
  }
});
