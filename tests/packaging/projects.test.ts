// Projects of applications, with the compilers and options that they may have.

import assert from 'node:assert/strict';
import { createReadStream, existsSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeFolder } from '../helpers/folders.js';
import { forEachIO } from '../helpers/io.js';
import { installTools, output, root } from '../helpers/packages.js';
import { pair } from '../helpers/pair.js';
import { serveEcho } from '../helpers/streams.js';

const dom = ['dom', 'dom.iterable'];

/** Makes a project that has the library, with declarations of Node.js, as npm lays it out. */
async function makeProject(
  t: TestContext,
  tools: string,
  declarations: string,
): Promise<string> {
  const folder = await makeFolder(t);
  const modules = path.join(folder, 'node_modules');
  const copy = (from: string, name: string) =>
    cp(from, path.join(modules, name), { recursive: true });
  const own = (name: string) => path.join(root, 'node_modules', name);
  for (const name of [
    'async-cancellable',
    'async-init',
    'async-locks',
    'contexts',
    'errors',
    'events',
    'logger',
    'resources',
    'timer',
  ]) {
    await copy(own(`@matrixai/${name}`), `@matrixai/${name}`);
  }
  await copy(own('ts-custom-error'), 'ts-custom-error');
  await copy(path.join(tools, declarations), '@types/node');
  await copy(path.join(root, 'dist'), '@matrixai/quic/dist');
  await copy(path.join(root, 'package.json'), '@matrixai/quic/package.json');
  if (!existsSync(path.join(modules, '@types/node/node_modules'))) {
    await copy(path.join(tools, 'undici-types'), 'undici-types');
  }
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
  await cp(
    path.join(root, 'tests', 'fixtures', 'project.ts'),
    path.join(folder, 'project.ts'),
  );
  return folder;
}

for (const [compiler, declarations] of [
  ['typescript-5.4', 'node-20'],
  ['typescript-5.9', 'node-20'],
  ['typescript-5.9', 'node-26'],
  ['typescript-7', 'node-20'],
  ['typescript-7', 'node-26'],
] as const) {
  test(`a strict project compiles with ${compiler} and ${declarations}`, {
    timeout: 300_000,
  }, async (t) => {
    const tools = await installTools('compilers');
    const folder = await makeProject(t, tools, declarations);
    if (declarations === 'node-26') {
      // Older ones leave out that pipelines take web streams
      await writeFile(
        path.join(folder, 'pipeline.ts'),
        `import { createReadStream } from 'node:fs';
        import { pipeline } from 'node:stream/promises';
        import type { QUICStream } from '@matrixai/quic';
        export const send = (stream: QUICStream) =>
          pipeline(createReadStream('file'), stream.writable);`,
      );
    }
    for (const lib of [['es2023'], ['es2023', ...dom]]) {
      const compilerOptions = {
        ...{ target: 'es2022', lib, types: ['node'], module: 'nodenext' },
        ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true },
        skipLibCheck: false,
      };
      await writeFile(
        path.join(folder, 'tsconfig.json'),
        JSON.stringify({ compilerOptions, include: ['*.ts'] }),
      );
      const tsc = path.join(tools, compiler, 'bin', 'tsc');
      const printed = await output(process.execPath, [tsc, '-p', folder]).catch(
        (e: Error) => e.message,
      );
      // Declarations of Node.js for other compilers are not ours
      const errors = printed
        .split('\n')
        .filter((line) => /error TS/.test(line))
        .filter((line) => !/@types\/node\//.test(line));
      assert.deepEqual(errors, [], lib.join());
    }
  });
}

forEachIO((io) => {
  test('streams go with what Node.js has for web streams', {
    timeout: 30_000,
  }, async (t) => {
    const { connection } = await pair(t, io, {
      server: { onStream: serveEcho },
    });
    const file = fileURLToPath(import.meta.url);
    const text = await readFile(file, 'utf8');
    const blob = new Blob([text]);

    const sent = connection.newStream();
    await Promise.all([
      blob.stream().pipeTo(sent.writable),
      new Response(sent.readable)
        .text()
        .then((echoed) => assert.equal(echoed, text)),
    ]);

    const piped = connection.newStream();
    const decoded = piped.readable.pipeThrough(new TextDecoderStream());
    const read = (async () => {
      let all = '';
      for await (const chunk of decoded) all += chunk;
      return all;
    })();
    // Its declarations leave out web streams
    const writable = piped.writable as unknown as NodeJS.WritableStream;
    await pipeline(createReadStream(file), writable);
    assert.equal(await read, text);
  });
});
