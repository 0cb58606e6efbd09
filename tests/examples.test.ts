// Every example that needs no other program runs, prints something and ends.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { output, root } from './helpers/packages.js';

const folder = path.join(root, 'examples');
const apart = ['client.ts', 'server.ts'];
const examples = (await readdir(folder)).filter(
  (name) => name.endsWith('.ts') && !apart.includes(name),
);

for (const name of examples) {
  test(name, { timeout: 60_000 }, async () => {
    const program = path.join(folder, 'dist', name.replace(/ts$/, 'js'));
    const printed = await output(process.execPath, [program]);
    assert.notEqual(printed, '');
  });
}
