// Builds what is out of date, then runs every check up to the first that
// fails. Arguments name TypeScript tests by a part of their file's name or by
// their folder, and then only those run: `npm test -- idle`.
//
// The folder of a test says what it needs. Those with a package.json install
// much more and run only when named; those of reliability take their time only
// then; those of measures run with nothing beside them.
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { build, fail, installed, root, run } from './lib/common.js';
import { output, requireNativeTools } from './lib/tools.js';

const filters = process.argv.slice(2);
const staticcheck = 'honnef.co/go/tools/cmd/staticcheck@v0.8.2';

/** Runs one check, showing what it prints. */
function check(name, command, args, options) {
  console.log(`\n# ${name}`);
  run(name, command, args, { stdio: 'inherit', ...options });
}

function checkGo() {
  const env = { ...process.env, ...requireNativeTools(), CGO_ENABLED: '1' };
  check('Go vet', 'go', ['vet', './native/...', './benches/...'], { env });
  checkGoFormat();
  check(
    'Go staticcheck',
    'go',
    ['run', staticcheck, './native/...', './benches/...'],
    { env },
  );
  check(
    'Go tests',
    'go',
    ['test', '-race', '-timeout', '120s', './native/...'],
    { env },
  );
  // One goroutine simulates hours: there is nothing for the race detector, which takes ten times as
  // long
  const simulations = [
    'test',
    '-timeout',
    '120s',
    './native/internal/congestion',
  ];
  check('Go simulations', 'go', simulations, { env });
}

/** gofmt names the files that it would change and calls that success. */
function checkGoFormat() {
  console.log('\n# Go format');
  const gofmt = path.join(output('go', ['env', 'GOROOT']), 'bin', 'gofmt');
  const files = output(gofmt, ['-l', 'native', 'benches']);
  if (files !== '') fail(`Go format failed: run "gofmt -w" on\n${files}`);
}

/**
 * The compiled tests that the arguments name. They are found by their sources,
 * as tests/dist may still hold a test that was removed.
 */
function testFiles() {
  const files = readdirSync(path.join(root, 'tests'), { recursive: true })
    .filter((name) => /^(?!.*node_modules).*\.test\.ts$/.test(name))
    .filter(
      (name) =>
        filters.some(
          (filter) =>
            path.basename(name).includes(filter) ||
            path.dirname(name) === filter,
        ) ||
        (filters.length === 0 && !isApart(path.dirname(name))),
    )
    .map((name) => path.join('tests', 'dist', name.replace(/ts$/, 'js')))
    .sort();
  if (files.length === 0) fail(`No test file is named ${filters.join(', ')}.`);
  return files;
}

function isApart(folder) {
  return existsSync(path.join(root, 'tests', folder, 'package.json'));
}

/** Whether a compiled test is in a folder. */
function isIn(folder) {
  return (file) => path.basename(path.dirname(file)) === folder;
}

/**
 * glibc keeps what the threads of workers freed, up to some hundred megabytes,
 * unless told otherwise: tests of memory are to see what the library keeps.
 */
function reliability() {
  return {
    ...process.env,
    RELIABILITY: 'full',
    MALLOC_ARENA_MAX: '1',
    MALLOC_TRIM_THRESHOLD_: '131072',
  };
}

function checkTests(name, files, concurrency) {
  check(
    name,
    process.execPath,
    [
      '--test',
      `--test-concurrency=${concurrency}`,
      '--test-reporter=spec',
      '--test-timeout=600000',
      ...files,
    ],
    filters.includes('reliability') ? { env: reliability() } : {},
  );
}

// Compiling is the type check: it covers all of the TypeScript.
console.log('# Build and type check');
build('tests', 'examples', 'benches');
if (filters.length === 0) {
  checkGo();
  check('Lint and format', process.execPath, [
    installed('@biomejs', 'biome', 'bin', 'biome'),
    'ci',
    `--colors=${process.stdout.isTTY ? 'force' : 'off'}`,
  ]);
  check('Layout and comments', process.execPath, ['scripts/check.js']);
  check('C++ format and checks', process.execPath, ['scripts/lint-cpp.js']);
  check('API documentation', process.execPath, ['scripts/docs.js']);
}
const files = testFiles();
if (filters.length === 0) {
  const measures = isIn('measures');
  const takesLong = isIn('reliability');
  const measuring = files.filter((file) => measures(file));
  // Those that take longest begin: at the end, they would leave cores idle
  const others = files
    .filter((file) => !measures(file))
    .sort((a, b) => takesLong(b) - takesLong(a));
  // Most of them wait most of the time
  checkTests('TypeScript tests', others, 2 * availableParallelism());
  checkTests('TypeScript tests that measure', measuring, 1);
} else {
  checkTests('TypeScript tests', files, 1);
}
console.log('\nAll checks passed.');
