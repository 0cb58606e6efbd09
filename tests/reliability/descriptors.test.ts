import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFixtureWith } from '../helpers/child.js';
import { forEachIO } from '../helpers/io.js';

const within = ['sh', '-c', 'ulimit -n 64 && exec "$0" "$@"'];

forEachIO((io) => {
  test('a first use with few file descriptors left fails with an error, and a later one works', {
    timeout: 60_000,
    skip: process.platform === 'win32' && 'Windows has no such limit',
  }, async (t) => {
    const uses = Array.from({ length: 10 }, (_, left) =>
      runFixtureWith(t, { within }, 'crowded', io, `${left}`),
    );
    for (const [left, { exit }] of uses.entries()) {
      const { stdout, stderr } = await exit;
      const first = left < 8 ? 'ErrorQUICNativeLibrary EMFILE' : 'works';
      assert.equal(stderr + stdout, `${first}, then works\n`, `${left} left`);
    }
  });
});
