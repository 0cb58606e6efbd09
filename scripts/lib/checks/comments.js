// Comments are wrapped where two columns of text still fit on a screen.
import { filesOf, linesOf } from './files.js';

const most = 100;
const folders = 'src addon native tests scripts benches examples interop bin';
const endings = [
  '.ts',
  '.js',
  '.mjs',
  '.cjs',
  '.go',
  '.cc',
  '.h',
  '.py',
  '.rs',
];
// Links cannot be wrapped, nor directives of compilers and linters
const exempt = /https?:\/\/|\/\/go:|biome-ignore/;

export function checkComments() {
  return filesOf(folders.split(' '), endings).flatMap((name) => {
    const isComment = name.endsWith('.py') ? /^\s*# / : /^\s*(\/\/|\*|\/\*)/;
    return linesOf(name)
      .map((line, i) => [line, i + 1])
      .filter(([line]) => isComment.test(line) && !exempt.test(line))
      .filter(([line]) => line.replaceAll('\t', '    ').length > most)
      .map(
        ([, number]) =>
          `${name}:${number}: wrap the comment at ${most} columns`,
      );
  });
}
