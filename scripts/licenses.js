// Writes the licences of all that is in what is published: THIRD_PARTY_LICENSES,
// and packages/THIRD_PARTY_LICENSES with those of the native part alone.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundle } from './lib/bundle.js';
import { fail, installed, isInstalled, root } from './lib/common.js';
import { platforms } from './lib/platforms.js';
import { output } from './lib/tools.js';

if (!isInstalled(root)) fail('Build first: npm run build');

/** The text of the licence in a folder, or in the nearest one above. */
function licenseIn(folder) {
  const name = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  if (name) return readFileSync(path.join(folder, name), 'utf8');
  if (folder === path.dirname(folder)) fail(`${folder} has no licence.`);
  return licenseIn(path.dirname(folder));
}

/** Go itself and the modules that the library is made of. */
function goModules() {
  const template =
    '{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}';
  const modules = Object.values(platforms).flatMap(({ go }) =>
    output('go', ['list', '-deps', '-f', template, './native'], {
      env: { ...process.env, ...go, CGO_ENABLED: '1' },
    }).split('\n'),
  );
  const goRoot = output('go', ['env', 'GOROOT']);
  return [
    ['The Go standard library and runtime', goRoot],
    ...[...new Set(modules)]
      .filter((line) => line !== '')
      .sort()
      .map((line) => line.split(' ')),
  ];
}

/** The npm packages whose code is in dist/quic.js. */
async function bundled() {
  const names = Object.keys(await bundle())
    .map((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1])
    .filter(Boolean);
  return [...new Set(names)].sort().map((name) => [name, installed(name)]);
}

/** Writes each text once, under the names of all that is licensed by it. */
function write(file, items) {
  const texts = new Map();
  for (const [name, folder] of items) {
    const text = licenseIn(folder).replaceAll('\r\n', '\n').trim();
    texts.set(text, [...(texts.get(text) ?? []), name]);
  }
  const line = '-'.repeat(80);
  const sections = [...texts].map(
    ([text, names]) => `${line}\n${names.join('\n')}\n${line}\n\n${text}\n`,
  );
  writeFileSync(path.join(root, file), sections.join('\n'));
}

// The runtime libraries of LLVM, of which the addon has parts, ask for no notice in
// what they were compiled into.
const native = [
  ...goModules(),
  ['node-api-headers', installed('node-api-headers')],
];
write('packages/THIRD_PARTY_LICENSES', native);
write('THIRD_PARTY_LICENSES', [...native, ...(await bundled())]);
