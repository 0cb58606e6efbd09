// Zig, whose C and C++ compilers build for other platforms with nothing of
// theirs installed. It comes from PyPI, once, into node_modules/.cache/.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { installed, run } from './common.js';
import { pipInstall } from './pip.js';

const folder = installed('.cache', 'zig');
const zigFolder = path.join(folder, 'ziglang');

/** Environment variables with which a build uses zig for a target. */
export function zigEnvironment(target, python) {
  if (!existsSync(path.join(zigFolder, 'zig'))) {
    console.log('Installing zig');
    const args = pipInstall(
      folder,
      path.join('scripts', 'lib', 'requirements.txt'),
    );
    run('Installing zig', python, args);
  }
  return {
    // The path of the project may have spaces, which make would not take.
    PATH: `${zigFolder}${path.delimiter}${process.env.PATH}`,
    CC: `zig cc -target ${target}`,
    CXX: `zig c++ -target ${target}`,
    AR: 'zig ar',
  };
}
