// Fuzzes all that parses bytes in Go, one target after the other:
// `npm run fuzz -- --minutes 30`. Inputs that reach new code are kept by Go in its
// cache; `--keep` copies up to a hundred of each target into testdata, where they
// are part of the tests.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
} from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fail, root } from './lib/common.js';
import { output, requireNativeTools } from './lib/tools.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    keep: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  fail(`--minutes wants a number above 0, got "${values.minutes}"`);
}

const most = 100;
const folder = path.join(root, 'native', 'internal');
const targets = readdirSync(folder, { recursive: true })
  .filter((name) => name.endsWith('_test.go'))
  .flatMap((name) => {
    const source = readFileSync(path.join(folder, name), 'utf8');
    const found = source.matchAll(/^func (Fuzz\w+)\(/gm);
    return [...found].map(([, target]) => [path.dirname(name), target]);
  });

const env = { ...process.env, ...requireNativeTools(), CGO_ENABLED: '1' };
const module = output('go', ['list', '-m'], { cwd: root });
const cache = path.join(output('go', ['env', 'GOCACHE']), 'fuzz');
const seconds = Math.ceil((minutes * 60) / targets.length);
const failed = [];
for (const [name, target] of targets) {
  console.log(`\n# ${target} in ${name}, ${seconds} s`);
  const { status } = spawnSync(
    'go',
    [
      // Also checks what unsafe pointers point at
      ...[
        'test',
        '-race',
        '-run=^$',
        `-fuzz=^${target}$`,
        `-fuzztime=${seconds}s`,
        // By default it spends a minute on making each find smaller, and so nearly all of the time
        '-fuzzminimizetime=10x',
      ],
      `./native/internal/${name}`,
    ],
    { cwd: root, env, stdio: 'inherit' },
  );
  // Go has written the input into testdata
  if (status !== 0) failed.push(target);
  if (values.keep) keep(name, target);
}
if (failed.length > 0) fail(`${failed.join(', ')} failed.`);

function keep(name, target) {
  const from = path.join(cache, module, 'native', 'internal', name, target);
  if (!existsSync(from)) return;
  const to = path.join(folder, name, 'testdata', 'fuzz', target);
  mkdirSync(to, { recursive: true });
  for (const input of readdirSync(from).sort().slice(0, most)) {
    cpSync(path.join(from, input), path.join(to, input));
  }
}
