import path from 'node:path';
import { root } from './common.js';

/** The arguments with which Python installs what a file of the project asks for. */
export function pipInstall(folder, requirements) {
  return [
    ...['-m', 'pip', 'install', '--quiet', '--root-user-action=ignore'],
    ...['--target', folder, '--only-binary=:all:', '--require-hashes'],
    ...['-r', path.join(root, requirements)],
  ];
}
