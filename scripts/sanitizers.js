// Runs the TypeScript tests with the addon built for AddressSanitizer and
// UndefinedBehaviorSanitizer, which end the process when they find something.
// Arguments name tests as those of `npm test` do. Linux with GCC only.
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { fail, root, run } from './lib/common.js';
import { cxxFlags } from './lib/native.js';
import { readMain } from './lib/packages.js';
import { output } from './lib/tools.js';

const filters = process.argv.slice(2);
const flags = JSON.parse(
  readFileSync(path.join(root, 'scripts', 'lib', 'flags.json'), 'utf8'),
);
// They measure time, memory, startup or the files of a package, which sanitizers change
const apart = [
  ...[
    'performance',
    'loader',
    'packaging',
    'platforms',
    'runners',
    'runtimes',
    'leaks',
  ],
  // Other programs do not bear what is preloaded
  ...['capture', 'version2', 'aioquic', 'runner', 'gnutls', 'compatibility'],
];

run('Building', process.execPath, ['scripts/build.js', 'tests', 'examples'], {
  stdio: 'inherit',
});

// Tests find the addon beside the library that they belong to: a copy of it
const stage = path.join(root, 'build', 'sanitizers');
rmSync(stage, { recursive: true, force: true });
const release = path.join(stage, 'build', 'Release');
mkdirSync(release, { recursive: true });
for (const name of ['package.json', 'binding.gyp', 'README.md']) {
  cpSync(path.join(root, name), path.join(stage, name));
}
for (const name of ['dist', 'tests', 'examples', 'docs', 'src', 'scripts']) {
  cpSync(path.join(root, name), path.join(stage, name), {
    recursive: true,
    filter: (source) => path.basename(source) !== 'node_modules',
  });
}
symlinkSync(path.join(root, 'node_modules'), path.join(stage, 'node_modules'));
run(
  'Building the addon for sanitizers',
  'go',
  [
    ...['build', ...flags.go],
    `-ldflags=-X main.version=${readMain().version}`,
    ...['-o', path.join(release, 'quic.node'), './native'],
  ],
  {
    env: {
      ...process.env,
      CGO_ENABLED: '1',
      CGO_CXXFLAGS: cxxFlags(flags.sanitizers.cxx),
      CGO_CXXFLAGS_ALLOW: '-fno-sanitize-recover=all',
      CGO_LDFLAGS: flags.sanitizers.link,
    },
  },
);

const tests = readdirSync(path.join(stage, 'tests', 'dist'), {
  recursive: true,
})
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => !apart.some((other) => name.includes(other)))
  .filter(
    (name) =>
      filters.length === 0 || filters.some((filter) => name.includes(filter)),
  )
  .map((name) => path.join('tests', 'dist', name))
  .sort();
if (tests.length === 0) fail(`No test file is named ${filters.join(', ')}.`);
const runtimes = ['libasan.so', 'libubsan.so'].map((name) =>
  output('g++', [`-print-file-name=${name}`]),
);
run(
  'Testing with sanitizers',
  process.execPath,
  [
    ...['--test', '--test-concurrency=1', '--test-reporter=spec'],
    ...['--test-timeout=600000', ...tests],
  ],
  {
    stdio: 'inherit',
    cwd: stage,
    env: {
      ...process.env,
      LD_PRELOAD: runtimes.join(':'),
      // Node.js leaves much to the end of its process, and Go has signal handlers of its own
      ASAN_OPTIONS:
        'detect_leaks=0:quarantine_size_mb=16:abort_on_error=1:use_sigaltstack=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0',
      UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
    },
  },
);
