import { existsSync } from 'node:fs';
import path from 'node:path';
import { root, run } from './common.js';

/** The arguments with which Python installs what a file of the project asks for. */
export function pipInstall(folder, requirements) {
  return [
    ...['-m', 'pip', 'install', '--quiet', '--root-user-action=ignore'],
    ...['--target', folder, '--only-binary=:all:', '--require-hashes'],
    ...['-r', path.join(root, requirements)],
  ];
}

/** Installs such things into a folder, unless a file of theirs is there. */
export function pipInstallOnce(name, python, folder, file, requirements) {
  if (existsSync(path.join(folder, file))) return;
  console.log(`Installing ${name}`);
  run(`Installing ${name}`, python, pipInstall(folder, requirements));
}
