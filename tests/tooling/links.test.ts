// Documents lead to what is there: files of the tree, and headings of other documents.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../helpers/packages.js';

const documents = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
  ...(await readdir(path.join(root, 'docs'))).map((name) => `docs/${name}`),
  ...(await readdir(path.join(root, 'docs', 'guides'))).map(
    (name) => `docs/guides/${name}`,
  ),
].filter((name) => name.endsWith('.md'));

function read(name: string): Promise<string> {
  return readFile(path.join(root, name), 'utf8');
}

/** The text without code, where brackets mean something else. */
function withoutCode(text: string): string {
  return text.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '');
}

/** What GitHub makes of headings. */
function anchorsOf(text: string): Set<string> {
  const headings = text.replace(/^```.*?^```$/gms, '').matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, heading]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\- _]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

for (const name of documents) {
  test(`the links of ${name} lead somewhere`, async () => {
    const text = withoutCode(await read(name));
    for (const [, link] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      const [file, anchor] = link.split('#');
      const target = path.join(path.dirname(name), file);
      const there = file === '' ? name : target;
      assert.ok(existsSync(path.join(root, there)), `${link} of ${name}`);
      if (anchor === undefined) continue;
      assert.ok(anchorsOf(await read(there)).has(anchor), `${link} of ${name}`);
    }
  });
}

test('every document is in the index', async () => {
  const index = await read('docs/README.md');
  for (const name of documents) {
    const link = path.relative('docs', name).replaceAll('\\', '/');
    if (link === 'README.md' || link === '../README.md') continue;
    // The guides have an index of their own
    const isListed = index.includes(`(${link})`) || link.startsWith('guides/');
    assert.ok(isListed, name);
  }
});

for (const name of ['CONTRIBUTING.md', 'docs/architecture.md']) {
  test(`${name} names files that are there`, async () => {
    const paths =
      /`((?:src|addon|native|scripts|tests|benches|docs|packages|examples)\/[\w./-]*)`/g;
    for (const [, file] of (await read(name)).matchAll(paths)) {
      if (file.includes('/dist/') || file === 'docs/api/') continue;
      assert.ok(existsSync(path.join(root, file)), `${file} of ${name}`);
    }
  });
}
