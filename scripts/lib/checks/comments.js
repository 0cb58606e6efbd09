// Comments are wrapped where two columns of text still fit on a screen.
import { faultsOf, filesOf } from './files.js';

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
    return faultsOf(
      name,
      (line) =>
        isComment.test(line) &&
        !exempt.test(line) &&
        line.replaceAll('\t', '    ').length > most,
      `wrap the comment at ${most} columns`,
    );
  });
}
