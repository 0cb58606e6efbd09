// The tools that a build needs, and what to say when one is missing.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fail, root } from './common.js';

const windows = process.platform === 'win32';

/** Ends the process with one sentence when npm is missing. */
export function requireNpm() {
  // On Windows npm is a batch file, which only a shell can run.
  if (!output('npm', ['--version'], { shell: windows })) {
    fail(
      'npm is needed to install the dependencies and was not found: it comes with Node.js from https://nodejs.org/.',
    );
  }
}

/**
 * Finds what builds the native library, as environment variables. Ends the
 * process with one sentence for each tool that is missing.
 */
export function requireNativeTools() {
  const goWanted = goVersionWanted();
  const CC = process.env.CC ?? findCommand(['gcc', 'cc', 'clang']);
  const CXX = process.env.CXX ?? findCommand(['g++', 'c++', 'clang++']);
  const PYTHON = findPython();
  const missing = [];
  if (!hasGo(goWanted)) {
    missing.push(
      `Go ${goWanted} or later is needed to build the native library and was not found: install it from https://go.dev/dl/ and put "go" on the PATH.`,
    );
  }
  if (windows) {
    // node-gyp looks for Visual Studio itself.
    if (!CC) {
      missing.push(
        'A C compiler for Go is needed to build the native library and was not found: install MinGW-w64 and put "gcc" on the PATH.',
      );
    }
  } else if (!CC || !CXX || !findCommand(['gmake', 'make'])) {
    missing.push(
      'A C and C++ compiler with make is needed to build the native library and was not found: install GCC or Clang (Debian: "apt install build-essential", macOS: "xcode-select --install").',
    );
  }
  if (!PYTHON) {
    missing.push(
      'Python 3 is needed to build the native library (node-gyp runs on it) and was not found: install it from https://www.python.org/downloads/ and put "python3" on the PATH.',
    );
  }
  if (missing.length > 0) fail(...missing);
  return { CC, CXX, PYTHON };
}

function goVersionWanted() {
  const goMod = readFileSync(path.join(root, 'go.mod'), 'utf8');
  return /^go (\d+\.\d+)/m.exec(goMod)[1];
}

function hasGo(wanted) {
  // Inside the module an older Go fetches the version that go.mod asks for.
  const version = output('go', ['env', 'GOVERSION']);
  if (!version) return false;
  const [major, minor] = version.match(/\d+/g);
  const [majorWanted, minorWanted] = wanted.split('.');
  return (major - majorWanted || minor - minorWanted) >= 0;
}

/** The command of Python 3, if there is one. */
export function findPython() {
  return findCommand(
    [process.env.PYTHON, 'python3', 'python'].filter(Boolean),
    ['-c', 'import sys; print(sys.version); exit(sys.version_info < (3, 8))'],
  );
}

/** The first of the commands that can be run. */
function findCommand(commands, args = ['--version']) {
  return commands.find((command) => output(command, args));
}

/** What a command prints; undefined where it is missing or fails. */
export function output(command, args, options) {
  const { status, stdout } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    ...options,
  });
  return status === 0 ? stdout.trim() : undefined;
}
