import { readdirSync } from 'node:fs';
import type { NativeLibraryData } from '../errors/library.js';
import { addons } from './addons.js';
import { builtFor } from './executable.js';

type Failure = NativeLibraryData['failures'][number];
type Fault = Failure['fault'];

/**
 * Why a file or a package could not be loaded.
 *
 * @param file - its path, if it is there
 */
export function judge(
  error: Error,
  tried: string,
  file: string | undefined,
): Omit<Failure, 'tried'> {
  const { code } = error as NodeJS.ErrnoException;
  const [message] = error.message.split('\n', 1);
  const failure = (fault: Fault, reason: string, found = true) => ({
    found,
    fault,
    reason,
  });
  if (code === 'ERR_DLOPEN_DISABLED') {
    return failure(
      'disabled',
      'Node.js was started so that it loads no native addons',
    );
  }
  if (code === 'ERR_ACCESS_DENIED') return failure('denied', message);
  if (code === 'ERR_VERSION') return failure('version', message);
  if (code === 'ERR_TRUNCATED') return failure('corrupt', message);
  if (file === undefined) {
    const reason = tried.endsWith('.node')
      ? 'there is no such file'
      : 'the package is not installed';
    return failure('missing', reason, false);
  }
  const glibc = /version [`']GLIBC_([\d.]+)'/.exec(message)?.[1];
  if (glibc !== undefined) {
    return failure('libc', `${file} needs glibc ${glibc} or later`);
  }
  return failure(...judgeFile(file, message));
}

function judgeFile(file: string, message: string): [Fault, string] {
  try {
    const target = builtFor(file);
    if (target === undefined) {
      return ['corrupt', `${file} is damaged, or no library`];
    }
    const { systems, arch } = target;
    if (!systems.includes(process.platform) || arch !== process.arch) {
      return ['platform', `${file} is for ${systems[0]}-${arch}`];
    }
  } catch {
    // The loader has said what there is to say
  }
  return ['corrupt', `${file} cannot be loaded: ${message}`];
}

/**
 * The C library, which Linux alone has several of.
 */
export function findLibc(): string {
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
 * What to tell someone whose native library cannot be used.
 */
export function explain(data: NativeLibraryData): string {
  const platform = `${data.platform}-${data.arch}`;
  return [
    `no native library for ${platform} (libc: ${data.libc}) could be loaded.`,
    ...data.failures.map(({ tried, reason }) => `- ${tried}: ${reason}`),
    ...advise(data, platform),
  ].join('\n');
}

function advise(data: NativeLibraryData, platform: string): Array<string> {
  // What came closest: a local build is tried after a package that is missing
  const failure =
    data.failures.find(({ fault }) => fault !== 'missing') ?? data.failures[0];
  const isFile = failure.tried.endsWith('.node');
  const reinstall = isFile
    ? `Put the file of version ${data.version} of ${data.package} there.`
    : `Install it again: \`npm install @matrixai/quic@${data.version}\`.`;
  switch (failure.fault) {
    case 'disabled':
      return permissions()
        ? [
            `Start Node.js with ${permissions()}: the permission model (--permission) forbids native addons and, from Node.js 25, sockets.`,
          ]
        : [
            'Start Node.js without --no-addons: this library is a native addon.',
          ];
    case 'denied':
      return [
        `Start Node.js with --allow-fs-read=PATH for the folder of the library, and ${permissions() ?? '--allow-addons'}.`,
      ];
    default:
  }
  if (data.libc === 'musl') {
    return [
      'Shared libraries written in Go cannot be loaded on musl yet (https://github.com/golang/go/issues/54805).',
      'Use an image or a distribution with glibc, such as node:slim in place of node:alpine.',
    ];
  }
  const platforms = Object.keys(addons(process.execPath));
  if (!platforms.includes(platform)) {
    return [
      `There is no package for this platform, only for ${platforms.join(', ')}.`,
      'Build the library with `npm run build` in a clone of the repository.',
    ];
  }
  switch (failure.fault) {
    case 'libc':
      return [
        `This system has ${data.libc}: use a newer system, or build the library here with \`npm run build\` in a clone of the repository.`,
      ];
    case 'platform':
      return [
        `This process is for ${platform}: node_modules was installed for another system or processor.`,
        isFile
          ? `Put the file of ${data.package} there.`
          : 'Install on the system that it runs on: `rm -rf node_modules && npm install`.',
      ];
    case 'version':
      return [
        'The versions of @matrixai/quic and of its native library must be the same.',
        reinstall,
      ];
    case 'corrupt':
      return [reinstall];
    default:
  }
  if (isFile && data.failures.length === 1) {
    return [
      `QUIC_NATIVE_LIBRARY or setNativeLibrary names this file. Put the quic.node of ${data.package} there.`,
    ];
  }
  return [
    `The package ${data.package} comes with @matrixai/quic. It is missing after --no-optional or --omit=optional, with a package-lock.json or node_modules made on another system, and when an application was packed without it.`,
    'Install it with `rm -rf node_modules package-lock.json && npm install --include=optional`. In a packed application put its quic.node beside it and name the path in QUIC_NATIVE_LIBRARY, or call setNativeLibrary(path); docs/bundlers.md of the repository has a recipe for each tool.',
    `If you packed @matrixai/quic from a clone yourself, run \`npm run prebuilt\` there, then pack and install packages/${platform} as well.`,
  ];
}

/** What the permission model wants, or `undefined` without it. */
function permissions(): string | undefined {
  const { permission } = process as {
    permission?: { has(scope: string): boolean };
  };
  if (permission === undefined) return undefined;
  return hasNetworkScope() ? '--allow-addons --allow-net' : '--allow-addons';
}

function hasNetworkScope(): boolean {
  return process.allowedNodeEnvironmentFlags.has('--allow-net');
}
