// Writes the JavaScript of dist/, of which TypeScript writes the declarations.
// All of it is in dist/quic.js together with those dependencies of which a
// process may have several copies: Node.js takes longer to find and load 80
// small modules than to start. Every other file gives out one module of it.
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './common.js';
import { readMain } from './packages.js';

const dist = path.join(root, 'dist');
const sources = path.join(root, 'src', 'ts');

/**
 * What applications compare by identity, and so must share with the library:
 * base classes for `instanceof`, and the symbols of `server[running]`. Of these
 * packages the modules are left out of the bundle that are named, or all without
 * a list, save for those that only gather the others.
 */
const shared = {
  '@matrixai/async-cancellable': undefined,
  '@matrixai/async-init': ['utils'],
  '@matrixai/errors': undefined,
  '@matrixai/events': undefined,
};
const gathering = ['index', 'types'];

const share = {
  name: 'share',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/\w+\.js$/ }, ({ path: file, resolveDir }) => {
      const from = resolveDir.replaceAll('\\', '/');
      const [, folder] =
        /node_modules\/(@matrixai\/[^/]+)\/dist$/.exec(from) ?? [];
      if (!Object.hasOwn(shared, folder)) return undefined;
      return leaveOut(folder, file.slice('./'.length, -'.js'.length));
    });
    onResolve({ filter: /^@matrixai\/[^/]+\/\w+\.js$/ }, ({ path: name }) => {
      const [scope, folder, file] = name.split('/');
      if (!Object.hasOwn(shared, `${scope}/${folder}`)) return undefined;
      return leaveOut(`${scope}/${folder}`, file.slice(0, -'.js'.length));
    });
  },
};

function leaveOut(folder, module) {
  const isShared = shared[folder]
    ? shared[folder].includes(module)
    : !gathering.includes(module);
  return isShared
    ? { path: `${folder}/${module}.js`, external: true }
    : undefined;
}

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  legalComments: 'none',
  define: { VERSION: JSON.stringify(readMain().version) },
};

/**
 * The entry of CommonJS. Its classes are those of the ES module wherever Node.js can require that;
 * elsewhere it has a copy of its own.
 */
const commonJS = `'use strict';
let library;
try {
  library = require('./index.js');
} catch {
  // Before Node.js 20.19, and with a require that is not that of Node.js, as in Jest and tsx
  library = require('./commonjs.cjs');
}
module.exports = library;
`;

/** Writes it, and returns what the bundle is made of, by the paths of its sources. */
export async function bundle() {
  const modules = readdirSync(sources, { recursive: true })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.slice(0, -'.ts'.length))
    .sort();
  const { build } = await import('esbuild');
  const { metafile } = await build({
    ...common,
    stdin: {
      contents: modules
        .map((name, i) => `export * as m${i} from './${name}.js';`)
        .join('\n'),
      resolveDir: sources,
    },
    metafile: true,
    plugins: [share],
    format: 'esm',
    sourcemap: true,
    sourcesContent: false,
    outfile: path.join(dist, 'quic.js'),
  });
  await build({
    ...common,
    entryPoints: [path.join(sources, 'index.ts')],
    format: 'cjs',
    // Jest has none without a flag
    supported: { 'dynamic-import': false },
    // It knows its place as CommonJS does
    define: { ...common.define, 'import.meta.url': 'undefined' },
    outfile: path.join(dist, 'commonjs.cjs'),
  });
  const all = await import(pathToFileURL(path.join(dist, 'quic.js')));
  for (const [i, name] of modules.entries()) {
    const file = `${name}.js`;
    const up = '../'.repeat(file.split('/').length - 1) || './';
    writeFileSync(path.join(dist, file), giveOut(all, `m${i}`, `${up}quic.js`));
  }
  writeFileSync(path.join(dist, 'index.cjs'), commonJS);
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
