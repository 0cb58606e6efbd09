// Writes the JavaScript of dist/, of which TypeScript writes the declarations.
// All of it is in dist/quic.js together with those dependencies of which a
// process may have several copies: Node.js takes longer to find and load 80
// small modules than to start. Every other file gives out one module of it.
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './common.js';

const dist = path.join(root, 'dist');
const sources = path.join(root, 'src', 'ts');

/**
 * What applications compare by identity, and so must share with the library:
 * base classes for `instanceof`, and the symbols of `server[running]`.
 */
const shared = [
  '@matrixai/async-cancellable',
  '@matrixai/errors',
  '@matrixai/events',
  '@matrixai/timer',
];

/** async-init keeps its symbols, errors and events beside larger modules. */
const shareAsyncInit = {
  name: 'share-async-init',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/(utils|errors|events)\.js$/ }, (args) => {
      if (!args.resolveDir.includes(path.join('@matrixai', 'async-init')))
        return undefined;
      return {
        path: `@matrixai/async-init/${args.path.slice(2)}`,
        external: true,
      };
    });
  },
};

/** Writes it, and returns what the bundle is made of, by the paths of its sources. */
export async function bundle() {
  const modules = readdirSync(sources, { recursive: true })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.slice(0, -'.ts'.length))
    .sort();
  const { build } = await import('esbuild');
  const { metafile } = await build({
    absWorkingDir: root,
    stdin: {
      contents: modules
        .map((name, i) => `export * as m${i} from './${name}.js';`)
        .join('\n'),
      resolveDir: sources,
    },
    bundle: true,
    metafile: true,
    external: shared,
    plugins: [shareAsyncInit],
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    outfile: path.join(dist, 'quic.js'),
  });
  const all = await import(pathToFileURL(path.join(dist, 'quic.js')));
  for (const [i, name] of modules.entries()) {
    const file = `${name}.js`;
    const up = '../'.repeat(file.split('/').length - 1) || './';
    writeFileSync(path.join(dist, file), giveOut(all, `m${i}`, `${up}quic.js`));
  }
  writeFileSync(
    path.join(dist, 'index.cjs'),
    "'use strict';\nmodule.exports = require('./index.js');\n",
  );
  writeFileSync(
    path.join(dist, 'index.d.cts'),
    '// @ts-ignore TS1479: Node.js 20.19, 22.12 and later can require an ES module.\n' +
      "export * from './index.js';\n",
  );
  return metafile.inputs;
}

/** The text of a module that exports what the bundle calls `name`. */
function giveOut(all, name, from) {
  const names = Object.keys(all[name]);
  if (names.length === 0) return 'export {};\n';
  const lines = [`import { ${name} as module } from '${from}';`];
  const named = names.filter((name) => name !== 'default');
  if (named.length > 0) {
    lines.push(`export const { ${named.join(', ')} } = module;`);
  }
  if (names.includes('default')) lines.push('export default module.default;');
  return `${lines.join('\n')}\n`;
}
