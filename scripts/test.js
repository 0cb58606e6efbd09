// Builds what is out of date, then runs every check up to the first that
// fails. Arguments name TypeScript tests by a part of their file's name or by
// their folder, and then only those run: `npm test -- idle`. The tests in
// folders that install much more run only when named, and those of reliability
// take their time only then.
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { build, fail, installed, root, run } from './common.js';
import { output, requireNativeTools } from './tools.js';

const filters = process.argv.slice(2);
const staticcheck = 'honnef.co/go/tools/cmd/staticcheck@v0.8.2';
const apart = ['packaging', 'platforms', 'runners', 'runtimes'];
const alone = ['copies', 'idle', 'performance'];

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
        (filters.length === 0 && !apart.includes(path.dirname(name))),
    )
    .map((name) => path.join('tests', 'dist', name.replace(/ts$/, 'js')))
    .sort();
  if (files.length === 0) fail(`No test file is named ${filters.join(', ')}.`);
  return files;
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

/** Those that measure time, memory or the load of the machine run with nothing beside them. */
function measures(file) {
  return alone.includes(path.basename(file, '.test.js'));
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
  const measuring = files.filter((file) => measures(file));
  // Those of reliability take longest: last, they would leave cores idle
  const others = files.filter((file) => !measures(file)).reverse();
  // Most of them wait most of the time
  checkTests('TypeScript tests', others, 2 * availableParallelism());
  checkTests('TypeScript tests that measure', measuring, 1);
} else {
  checkTests('TypeScript tests', files, 1);
}
console.log('\nAll checks passed.');
