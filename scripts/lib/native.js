// The native part: quic.node, from Go and C++, by node-gyp.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { installed, root, run } from './common.js';
import { readMain } from './packages.js';

const release = path.join(root, 'build', 'Release');
const addon = path.join(release, 'quic.node');
// Bears the time at which the last successful build began, and holds its version.
const stamp = path.join(release, 'built');

/** True when a source is newer than what was built of it. */
export function nativeStale() {
  if (![addon, stamp].every((file) => existsSync(file))) return true;
  if (readFileSync(stamp, 'utf8') !== readMain().version) return true;
  const built = statSync(stamp).mtimeMs;
  return [
    ...sourcesIn('native'),
    ...sourcesIn('addon'),
    'go.mod',
    'go.sum',
    'binding.gyp',
    'scripts/lib/flags.json',
    'node_modules/node-api-headers/package.json',
  ].some((name) => statSync(path.join(root, name)).mtimeMs > built);
}

/** A folder with all that is in it; its own time tells of files removed. */
function sourcesIn(folder) {
  const names = readdirSync(path.join(root, folder), { recursive: true });
  return [folder, ...names.map((name) => path.join(folder, name))].filter(
    (name) => !name.endsWith('_test.go'),
  );
}

/** Builds it with the tools that `requireNativeTools` found. */
export function buildNative(tools) {
  const began = new Date();
  rmSync(stamp, { force: true });
  // make would not notice that a Go file was removed: let it always ask Go,
  // which knows and is quick to say that nothing changed.
  if (existsSync(addon)) utimesSync(addon, 0, 0);
  run(
    'Building the native library',
    process.execPath,
    [
      installed('node-gyp', 'bin', 'node-gyp.js'),
      'configure',
      'build',
      '--release',
      '--loglevel=error',
    ],
    { env: nodeGypEnvironment(tools) },
  );
  writeFileSync(stamp, readMain().version);
  // A file that was saved while Go was reading counts as newer.
  utimesSync(stamp, began, began);
}

/** The environment in which node-gyp builds with these tools. */
export function nodeGypEnvironment(tools) {
  // What npm has configured for node-gyp would outweigh its own arguments.
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^npm_(package_)?config_/i.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    ...tools,
    CGO_ENABLED: '1',
    CGO_CXXFLAGS: cxxFlags(),
    npm_config_nodedir: writeNodeDir(),
  };
}

/**
 * The flags for the shim. Go keeps what it compiled of native/addon.cc until that file or
 * the flags change, and knows nothing of the files that it includes: their hash is a flag.
 */
export function cxxFlags(flags = process.env.CGO_CXXFLAGS ?? '-O2') {
  const hash = createHash('sha256');
  for (const name of sourcesIn('addon').slice(1).sort()) {
    hash.update(name).update(readFileSync(path.join(root, name)));
  }
  return `${flags} -DADDON_SOURCES=0x${hash.digest('hex').slice(0, 16)}`;
}

/**
 * Writes the folder in which node-gyp looks for Node's own headers and finds
 * none: binding.gyp takes those of Node-API from npm, so that nothing has to be
 * downloaded and what this machine happens to have is not used.
 */
function writeNodeDir() {
  // Relative, as gyp does not quote it for make.
  const nodeDir = 'node_modules/.cache/node-gyp';
  const include = path.join(root, nodeDir, 'include', 'node');
  mkdirSync(include, { recursive: true });
  writeFileSync(
    path.join(include, 'common.gypi'),
    "{ 'target_defaults': { 'configurations': { 'Release': {} } } }\n",
  );
  writeFileSync(path.join(include, 'config.gypi'), '{}\n');
  return nodeDir;
}
