import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Binding } from './binding.js';

/**
 * Loads the addon: from the package of this platform, or from a local build.
 *
 * @internal
 */
export function loadBinding(): Binding {
  const require = createRequire(import.meta.url);
  const name = `@matrixai/quic-${process.platform}-${process.arch}`;
  const { version } = require('../package.json');
  const local = fileURLToPath(
    new URL('../build/Release/quic.node', import.meta.url),
  );
  const failures: Array<string> = [];
  for (const candidate of [name, local]) {
    try {
      if (candidate === name) checkVersion(require, name, version);
      return require(candidate) as Binding;
    } catch (e) {
      failures.push(`${candidate}: ${(e as Error).message.split('\n', 1)[0]}`);
    }
  }
  throw new Error(
    [
      `No native library of @matrixai/quic was found for ${process.platform}-${process.arch}.`,
      `The package ${name} should have been installed with @matrixai/quic; it is left out by --no-optional and by a lockfile made on another system.`,
      `Install it with \`npm install ${name}\`, or build it with \`npm run build\` in a clone of the repository.`,
      ...failures,
    ].join('\n'),
  );
}

/**
 * Version 2 has platform packages of the same names, and both may be installed.
 */
function checkVersion(
  require: NodeJS.Require,
  name: string,
  version: string,
): void {
  const found = require(`${name}/package.json`).version;
  if (found !== version) throw new Error(`found ${found}, need ${version}`);
}
