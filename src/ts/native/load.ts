import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { ErrorQUICNativeLibrary, type NativeLibraryData } from '../errors.js';
import type { Addon } from './binding.js';
import { checkLimits } from './limits.js';

const platforms = [
  'linux-x64',
  'linux-arm64',
  'linux-arm',
  'win32-x64',
  'win32-arm64',
  'darwin-x64',
  'darwin-arm64',
  'freebsd-x64',
  'android-arm64',
];

/**
 * Loads the addon: from the package of this platform, or from a local build.
 *
 * @throws {@link ErrorQUICNativeLibrary} when there is neither, neither can be loaded, or the system allows too few file descriptors or threads
 * @internal
 */
export function loadAddon(): Addon {
  checkLimits();
  const require = createRequire(import.meta.url);
  const { version } = require('../package.json');
  const name = `@matrixai/quic-${process.platform}-${process.arch}`;
  const local = fileURLToPath(
    new URL('../build/Release/quic.node', import.meta.url),
  );
  const failures: NativeLibraryData['failures'] = [];
  for (const tried of [name, local]) {
    try {
      if (tried === name) checkVersion(require, name, version);
      return require(tried) as Addon;
    } catch (e) {
      const [reason] = (e as Error).message.split('\n', 1);
      failures.push({
        tried,
        found: (e as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND',
        reason,
      });
    }
  }
  const data = {
    platform: process.platform,
    arch: process.arch,
    libc: findLibc(),
    package: name,
    version,
    failures,
  };
  throw new ErrorQUICNativeLibrary(explain(data), { data });
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
  if (found !== version) {
    throw new Error(`its version is ${found} and must be ${version}`);
  }
}

/** The C library, which Linux alone has several of. */
function findLibc(): string {
  if (process.platform !== 'linux') return 'none to choose from';
  const { report } = process;
  // A report with the network looks up the names of all peers.
  if (report) (report as { excludeNetwork?: boolean }).excludeNetwork = true;
  const header = (
    report?.getReport() as unknown as
      | { header?: { glibcVersionRuntime?: string } }
      | undefined
  )?.header;
  if (header?.glibcVersionRuntime) return `glibc ${header.glibcVersionRuntime}`;
  try {
    if (readdirSync('/lib').some((name) => name.startsWith('ld-musl-'))) {
      return 'musl';
    }
  } catch {}
  return 'unknown';
}

/**
 * What to tell someone whose platform package cannot be used.
 *
 * @internal
 */
export function explain(data: NativeLibraryData): string {
  const platform = `${data.platform}-${data.arch}`;
  const [ofPackage] = data.failures;
  return [
    `no native library for ${platform} (libc: ${data.libc}) could be loaded.`,
    ...data.failures.map(({ tried, reason }) => `- ${tried}: ${reason}`),
    ...(data.libc === 'musl'
      ? [
          'Shared libraries written in Go cannot be loaded on musl yet (https://github.com/golang/go/issues/54805).',
          'Use an image or a distribution with glibc, such as node:slim in place of node:alpine.',
        ]
      : !platforms.includes(platform)
        ? [
            `There is no package for this platform, only for ${platforms.join(', ')}.`,
            'Build the library with `npm run build` in a clone of the repository.',
          ]
        : ofPackage.found
          ? [
              `The package ${data.package} is there and does not fit: another version of @matrixai/quic may have left it, or the system is older than the library supports.`,
              `Install it again with \`npm install @matrixai/quic@${data.version}\`.`,
            ]
          : [
              `The package ${data.package} is not installed, although it comes with @matrixai/quic. That happens with --no-optional or --omit=optional, with a package-lock.json or node_modules made on another system, and when a bundler moves the code of @matrixai/quic elsewhere.`,
              'Install it with `rm -rf node_modules package-lock.json && npm install --include=optional`.',
            ]),
  ].join('\n');
}
