// Zig, whose C and C++ compilers build for other platforms with nothing of
// theirs installed. It comes from PyPI, once, into node_modules/.cache/.
import path from 'node:path';
import { installed } from './common.js';
import { pipInstallOnce } from './pip.js';

const folder = installed('.cache', 'zig');
const zigFolder = path.join(folder, 'ziglang');

/** Environment variables with which a build uses zig for a target. */
export function zigEnvironment(target, python) {
  const requirements = 'scripts/lib/requirements.txt';
  pipInstallOnce('zig', python, folder, 'ziglang/zig', requirements);
  return {
    // The path of the project may have spaces, which make would not take.
    PATH: `${zigFolder}${path.delimiter}${process.env.PATH}`,
    CC: `zig cc -target ${target}`,
    CXX: `zig c++ -target ${target}`,
    AR: 'zig ar',
  };
}
