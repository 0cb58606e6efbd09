import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cp, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type Cleanup, makeFolder } from './folders.js';

// This file runs from tests/dist/helpers/
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** One of the scripts of the project, which are JavaScript. */
export function script(name: string): Promise<any> {
  return import(pathToFileURL(path.join(root, 'scripts', name)).href);
}

/** What a command prints. Rejects if it fails, with what it printed. */
export async function output(
  command: string,
  args: Array<string>,
  options: { cwd?: string; env?: NodeJS.ProcessEnv; timeout?: number } = {},
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, args, {
      cwd: root,
      maxBuffer: 1e8,
      shell: process.platform === 'win32' && command === 'npm',
      ...options,
    });
    return stdout;
  } catch (e) {
    const { stdout, stderr } = e as { stdout?: string; stderr?: string };
    throw new Error(
      `${command} ${args.join(' ')} failed: ${(e as Error).message}\n${stdout}\n${stderr}`,
    );
  }
}

/** Installs what the package.json of a folder under tests/ names. */
export async function installTools(name: string): Promise<string> {
  const folder = path.join(root, 'tests', name);
  const { isInstalled } = await script('lib/common.js');
  if (!isInstalled(folder)) {
    // Some are for other platforms, which npm takes by force only.
    const args = ['ci', '--force', '--no-audit', '--no-fund'];
    await output('npm', args, { cwd: folder });
  }
  return path.join(folder, 'node_modules');
}

/** Builds the native library for platforms, into their packages. */
export async function prebuild(...names: Array<string>): Promise<void> {
  await output(process.execPath, ['scripts/prebuild.js', ...names]);
}

/** Packs the package in a folder of the project, and returns the path of the tarball. */
export async function pack(
  folder: string,
  destination: string,
): Promise<string> {
  const printed = await output(
    'npm',
    ['pack', '--json', '--pack-destination', destination],
    { cwd: path.join(root, folder) },
  );
  const [{ filename }] = parseLast(printed);
  return path.join(destination, filename);
}

/** The list that npm prints as JSON, after what the scripts of the package print. */
export function parseLast(printed: string): any {
  return JSON.parse(printed.slice(printed.search(/^\[$/m)));
}

/** The environment of a user, who has not configured npm as this project has. */
export function userEnvironment(
  extra: NodeJS.ProcessEnv = {},
): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^npm_/i.test(name),
  );
  return { ...Object.fromEntries(inherited), ...extra };
}

/**
 * Makes a project that has the library installed, as npm does it on a platform
 * whose native library was built.
 */
export async function installProject(
  t: Cleanup,
  platform: string,
): Promise<string> {
  const folder = await makeFolder(t);
  const [os, cpu] = platform.split('-');
  const tarballs = [
    await pack('.', folder),
    await pack(`packages/${platform}`, folder),
  ];
  // By force, as the package is for another platform. The registry lacks the others,
  // which are optional.
  await output(
    'npm',
    [
      ...['install', '--force', '--no-audit', '--no-fund', '--omit=optional'],
      ...[`--os=${os}`, `--cpu=${cpu}`, '--libc=glibc'],
      ...tarballs,
    ],
    { cwd: folder, env: userEnvironment() },
  );
  await cp(
    path.join(root, 'tests', 'fixtures', 'smoke.mjs'),
    path.join(folder, 'smoke.mjs'),
  );
  return folder;
}

/** Runs smoke.mjs of a project, and returns what it reports. */
export async function smoke(
  project: string,
  command: Array<string>,
  io: string,
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  return report(project, [...command, 'smoke.mjs', io], env);
}

/** Runs a command that runs smoke.mjs, in whatever form, and returns what that reports. */
export async function report(
  cwd: string,
  command: Array<string>,
  env: NodeJS.ProcessEnv = {},
  results = cwd,
): Promise<string> {
  const file = path.join(results, `result-${randomUUID()}`);
  await output(command[0], command.slice(1), {
    cwd,
    // Relative, as the command may be for a system that has other paths
    env: userEnvironment({ ...env, RESULT: path.relative(cwd, file) }),
    timeout: 120_000,
  });
  return readFile(file, 'utf8');
}
