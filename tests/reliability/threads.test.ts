import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cannotRun, runFixtureWith } from '../helpers/child.js';
import { forEachIO } from '../helpers/io.js';

// A user who has no other processes, so that all threads of the limit are for this one
const asUser = [
  ...['setpriv', '--reuid=61234', '--regid=61234', '--clear-groups'],
  ...['prlimit', '--nproc='],
];

/** What to run a process with so that it may have a number of threads. */
type Limit = (threads: number) => ReadonlyArray<string>;

const ofUser: Limit = (threads) => [
  ...asUser.slice(0, -1),
  `${asUser.at(-1)}${threads}`,
];

const group = `/sys/fs/cgroup/pids/quic-${process.pid}`;

const ofGroup: Limit = (threads) => {
  writeFileSync(`${group}/pids.max`, `${threads}`);
  return ['sh', '-c', `echo $$ > ${group}/cgroup.procs && exec "$0" "$@"`];
};

/** Why no group can be made here, or `false` if one was. */
function makeGroup(): string | false {
  try {
    mkdirSync(group);
    return false;
  } catch {
    return 'needs the right to make a control group in /sys/fs/cgroup/pids';
  }
}

forEachIO((io) => {
  for (const [name, limit, skip] of [
    [
      'user',
      ofUser,
      cannotRun(
        [...ofUser(1000), 'test', '-r', fileURLToPath(import.meta.url)],
        'the right to be another user, who can read this',
      ),
    ],
    ['control group', ofGroup, false],
  ] as const) {
    test(`a first use with few threads left of the ${name} fails with an error`, {
      timeout: 60_000,
      skip,
    }, async (t) => {
      if (limit === ofGroup) {
        const reason = makeGroup();
        if (reason !== false) return t.skip(reason);
        t.after(() => rmdirSync(group));
      }
      const outcomes: Array<string> = [];
      // Node.js itself ends without some 12
      for (
        let threads = 14;
        threads < 38 + availableParallelism();
        threads += 2
      ) {
        const within = limit(threads);
        const { exit } = runFixtureWith(t, { within }, 'crowded', io, 'all');
        const { stdout, stderr } = await exit;
        outcomes.push((stderr + stdout).trim().replace(/,.*/s, ''));
      }
      const first = outcomes.indexOf('works');
      const what = outcomes.join('\n');
      assert.match(outcomes[first - 1] ?? '', /^ErrorQUICNativeLibrary/, what);
      assert.ok(
        outcomes.slice(first).every((o) => o === 'works'),
        what,
      );
      assert.doesNotMatch(what, /runtime\/cgo/);
    });
  }
});
