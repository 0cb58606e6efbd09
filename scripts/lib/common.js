// What the scripts share. They run before anything is installed, so they use
// nothing but Node's own modules.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The path of something in node_modules. */
export function installed(...segments) {
  return path.join(root, 'node_modules', ...segments);
}

/** Says what is wrong and ends the process. */
export function fail(...sentences) {
  for (const sentence of sentences) console.error(sentence);
  process.exit(1);
}

/**
 * Runs a command as one step, in the root of the project. Its output is shown
 * only when it fails, or as it comes with `stdio: 'inherit'`.
 */
export function run(step, command, args, options = {}) {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: Infinity,
    ...options,
  });
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  fail(
    `${step} failed (${error?.message ?? signal ?? `exit code ${status}`}).`,
  );
}

/** Runs build.js, which itself says what went wrong. */
export function build(...folders) {
  const args = ['scripts/build.js', ...folders];
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(1);
}

/**
 * Whether the node_modules of a package holds what its package-lock.json asks for.
 * Optional packages do not count: npm leaves out those for other platforms.
 */
export function isInstalled(folder) {
  const wanted = readLock(path.join(folder, 'package-lock.json'));
  const present = readLock(
    path.join(folder, 'node_modules', '.package-lock.json'),
  );
  return Object.entries(wanted).every(
    ([name, { version, optional }]) =>
      name === '' || optional || present[name]?.version === version,
  );
}

function readLock(file) {
  if (!existsSync(file)) return {};
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

/** Installs what the package-lock.json of a package asks for. */
export function install(folder) {
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
  run('npm ci', 'npm', args, {
    cwd: folder,
    shell: process.platform === 'win32',
  });
}
