// Writes the packages of the platforms, from platforms.js and the version of
// the main package: `node packages.js`.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './common.js';
import { platforms } from './platforms.js';

/** The main package.json, as it is. */
export function readMain() {
  return JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
}

/** As npm and the formatter write it. */
export function toJSON(content) {
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** What depends on the platforms in the main package when it is published. */
export function optionalDependencies({ name, version }) {
  return Object.fromEntries(
    Object.keys(platforms).map((key) => [`${name}-${key}`, version]),
  );
}

/** The files of all packages that are in the repository, by their paths. */
export function packageFiles() {
  const main = readMain();
  return Object.fromEntries(
    Object.entries(platforms).flatMap(([key, { title, libc }]) => {
      const [os, cpu] = key.split('-');
      const { version, license, author, repository, engines } = main;
      return [
        [
          `packages/${key}/package.json`,
          toJSON({
            name: `${main.name}-${key}`,
            version,
            description: `The native library of ${main.name} for ${title}`,
            license,
            author,
            repository: { ...repository, directory: `packages/${key}` },
            os: [os],
            cpu: [cpu],
            ...(libc && { libc: [libc] }),
            engines,
            main: 'quic.node',
            exports: {
              '.': './quic.node',
              './package.json': './package.json',
            },
            files: ['quic.node', 'THIRD_PARTY_LICENSES'],
          }),
        ],
        [
          `packages/${key}/README.md`,
          `The native library of \`${main.name}\` for ${title}.\n` +
            'It is installed along with that package; do not install it by name.\n',
        ],
      ];
    }),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [name, content] of Object.entries(packageFiles())) {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}
