// What the compiler and the runtime of a user see of the package.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../helpers/folders.js';
import { output, root } from '../helpers/packages.js';

const require = createRequire(import.meta.url);

test('the declarations compile without what is internal', {
  timeout: 60_000,
}, async (t) => {
  // Members that are left out of classes must be left out of what these implement
  const folder = await makeFolder(t);
  const file = path.join(folder, 'tsconfig.json');
  const compilerOptions = {
    ...{ target: 'es2022', module: 'nodenext', lib: ['es2023'] },
    ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true },
    ...{ types: ['node'], typeRoots: [path.join(root, 'node_modules/@types')] },
    skipLibCheck: false,
  };
  await writeFile(
    file,
    JSON.stringify({
      compilerOptions,
      files: [path.join(root, 'dist/index.d.ts')],
    }),
  );
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const printed = await output(process.execPath, [tsc, '-p', folder]).catch(
    (e: Error) => e.message,
  );
  assert.equal(printed, '');
});

test('what is internal cannot be imported', async () => {
  for (const name of [
    'internal/internals.js',
    'internal/engine/Environment.js',
    'internal/tls/Identity.js',
  ]) {
    const from = `@matrixai/quic/${name}`;
    const refused = { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' };
    await assert.rejects(import(from), refused, from);
    assert.throws(() => require(from), refused, from);
  }
});
