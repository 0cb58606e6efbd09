import { existsSync, readFileSync } from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  ErrorQUICNativeLibrary,
  type NativeLibraryData,
} from '../errors/library.js';
import { ErrorQUICOptionInvalid } from '../errors/options.js';
import { describe, optionError } from '../validation/describe.js';
import { addons } from './addons.js';
import type { Addon } from './binding.js';
import { isTruncated } from './executable.js';
import { explain, findLibc, judge } from './explain.js';
import { checkLimits } from './limits.js';

// Put in when the library is built
declare const VERSION: string;

let chosen: string | undefined;
let loaded = false;

/**
 * Says where the native library is, for applications that are packed into one file or moved: the
 * path of the `quic.node` of the package for the platform, such as `@matrixai/quic-linux-x64`. Call
 * it before anything else of the library, in each thread that uses it. The environment variable
 * `QUIC_NATIVE_LIBRARY` does the same for a whole process; the function goes before it. Nothing
 * else is tried then.
 *
 * @param file - a path that ends in `.node`, seen from the working directory if it is relative
 *
 * @throws {@link errors.ErrorQUICOptionInvalid} when it is no such path
 * @throws {@link errors.ErrorQUICNativeLibrary} when the library is loaded already
 */
export function setNativeLibrary(file: string): void {
  if (typeof file !== 'string' || !file.endsWith('.node')) {
    throw optionError(
      ErrorQUICOptionInvalid,
      'file',
      describe(file),
      'the path of a file that ends in .node',
    );
  }
  if (loaded) {
    throw new ErrorQUICNativeLibrary(
      'setNativeLibrary: the native library is loaded already. Call it before anything else of the library.',
    );
  }
  chosen = path.resolve(file);
}

/**
 * Loads the addon: from the file that the user chose, else from the package of this platform or a
 * local build.
 *
 * @throws {@link ErrorQUICNativeLibrary} when there is none, none can be loaded, or the system
 * allows too few file descriptors or threads
 * @internal
 */
export function loadAddon(): Addon {
  checkLimits();
  const name = `@matrixai/quic-${process.platform}-${process.arch}`;
  const failures: NativeLibraryData['failures'] = [];
  for (const { tried, file, load } of candidates(name)) {
    try {
      if (file !== undefined) {
        checkPackage(file);
        checkWhole(file);
      }
      const addon = load() as Addon;
      checkVersion(addon.version, file);
      loaded = true;
      return addon;
    } catch (e) {
      failures.push({ tried, ...judge(e as Error, tried, file) });
    }
  }
  const data = {
    platform: process.platform,
    arch: process.arch,
    libc: findLibc(),
    package: name,
    version: VERSION,
    failures,
  };
  throw new ErrorQUICNativeLibrary(explain(data), { data });
}

interface Candidate {
  tried: string;
  /** Its path, if it is there. */
  file: string | undefined;
  load(): unknown;
}

/** What may be loaded. Nothing is looked for before what comes ahead of it has failed. */
function* candidates(name: string): Generator<Candidate> {
  const given = chosen ?? process.env.QUIC_NATIVE_LIBRARY;
  if (given) {
    yield ofFile(path.resolve(given));
    return;
  }
  const seen = new Set<string>();
  let missing: Candidate | undefined;
  for (const from of places()) {
    const candidate = ofPackage(name, from);
    const { file } = candidate;
    if (file === undefined) missing ??= candidate;
    else if (!seen.has(file)) {
      seen.add(file);
      yield candidate;
    }
  }
  // One that is there says more than one that is missing
  if (seen.size === 0 && missing) yield missing;
  const local = localBuild();
  if (local !== undefined) yield ofFile(local);
}

/**
 * From where the package is looked for. The code may have been moved into the file of an
 * application, and the application to another folder or machine. The working directory is none of
 * them: it may be anybody's.
 */
function places(): Array<string> {
  const places = [moduleUrl(), process.argv[1], process.execPath];
  return places.filter(
    (place) =>
      place !== undefined &&
      (place.startsWith('file:') || path.isAbsolute(place)),
  ) as Array<string>;
}

/** Where this module is; bundlers may leave it out. */
function moduleUrl(): string | undefined {
  // As it stands: some bundlers put something in for all of it
  const here = import.meta.url as string | undefined;
  if (here !== undefined) return here;
  return typeof __filename === 'string'
    ? pathToFileURL(__filename).href
    : undefined;
}

function ofPackage(name: string, from: string): Candidate {
  const table = addons(from);
  const platform = `${process.platform}-${process.arch}`;
  return {
    tried: name,
    file: resolve(name, from),
    load() {
      if (Object.hasOwn(table, platform)) return table[platform]();
      throw new Error(`there is no package ${name}`);
    },
  };
}

function resolve(name: string, from: string): string | undefined {
  try {
    return module.createRequire(from).resolve(name);
  } catch {
    return undefined;
  }
}

function ofFile(file: string): Candidate {
  return {
    tried: file,
    file: existsSync(file) ? file : undefined,
    load: () => module.createRequire(file)(file),
  };
}

/** What was built in a clone of the repository, if this is one: packages lack binding.gyp. */
function localBuild(): string | undefined {
  const url = moduleUrl();
  if (!url?.startsWith('file:')) return undefined;
  const root = path.dirname(path.dirname(fileURLToPath(url)));
  if (!existsSync(path.join(root, 'binding.gyp'))) return undefined;
  return path.join(root, 'build', 'Release', 'quic.node');
}

function checkWhole(file: string): void {
  let truncated = false;
  try {
    truncated = isTruncated(file);
  } catch {
    // The loader says why it cannot be read
  }
  if (!truncated) return;
  throw Object.assign(new Error(`${file} is damaged: it ends early`), {
    code: 'ERR_TRUNCATED',
  });
}

/**
 * Version 2 has packages of the same names. What is of another version is best not loaded at all.
 */
function checkPackage(file: string): void {
  const manifest = path.join(path.dirname(file), 'package.json');
  let content: { name?: string; version?: string };
  try {
    content = JSON.parse(readFileSync(manifest, 'utf8'));
  } catch {
    return;
  }
  if (content.name?.startsWith('@matrixai/quic-')) {
    checkVersion(content.version, file);
  }
}

function checkVersion(version: string | undefined, file?: string): void {
  if (version === VERSION) return;
  throw Object.assign(
    new Error(
      `${file ?? 'it'} is of version ${version ?? '2 or older'} and must be of version ${VERSION}`,
    ),
    { code: 'ERR_VERSION' },
  );
}
