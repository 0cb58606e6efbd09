import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../common.js';
import { output } from '../tools.js';

/** The files of the tree below some folders whose names have an ending, without those of tests. */
export function filesOf(folders, endings) {
  const listed = output('git', ['ls-files', '-z', ...folders]);
  // Without git there is no list, and nothing to hold to the rules of the tree
  return (listed ?? '')
    .split('\0')
    .filter((name) => endings.some((ending) => name.endsWith(ending)));
}

/** The lines of a file, without the empty one behind the last. */
export function linesOf(name) {
  const text = readFileSync(path.join(root, name), 'utf8');
  return text.replace(/\n$/, '').split('\n');
}

/** What to say of the lines of a file that break a rule. */
export function faultsOf(name, isFault, message) {
  return linesOf(name).flatMap((line, i) =>
    isFault(line) ? [`${name}:${i + 1}: ${message}`] : [],
  );
}
