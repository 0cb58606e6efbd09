// No file of the library is longer than a reader has in mind at once.
import { filesOf, linesOf } from './files.js';

const most = 400;

export function checkLengths() {
  return filesOf(['src/ts', 'native', 'addon'], ['.ts', '.go', '.cc', '.h'])
    .filter((name) => !name.endsWith('_test.go'))
    .map((name) => [name, linesOf(name).length])
    .filter(([, length]) => length > most)
    .map(
      ([name, length]) =>
        `${name} has ${length} lines and may have ${most}: split it by what it does`,
    );
}
