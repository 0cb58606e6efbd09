import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cannotRun, runFixtureWith } from '../helpers/child.js';
import { forEachIO } from '../helpers/io.js';
import { isFull } from '../helpers/scale.js';

const timeout = 120_000;

const skip = cannotRun(
  ['unshare', '--net', 'ip', 'link', 'add', 'name', 'end', 'type', 'veth'],
  'unshare, ip and the right to use them',
);

forEachIO((io) => {
  for (const [where, mtu] of [
    ['client', 1300],
    ['server', 1300],
    ['router', 1300],
    ['router', 1400],
  ] as const) {
    test(`a transfer goes on when the MTU shrinks to ${mtu} at the ${where}`, {
      timeout,
      skip,
    }, async (t) => {
      const size = isFull ? 256 : 16;
      const { exit } = runFixtureWith(
        t,
        { within: ['unshare', '--net'] },
        'narrow',
        'router',
        io,
        where,
        String(mtu),
        String(size),
      );
      const { stdout, stderr, code } = await exit;
      assert.equal(stderr, '');
      assert.equal(code, 0);
      const { stall } = JSON.parse(stdout);
      t.diagnostic(`nothing arrived for ${stall.toFixed(0)} ms`);
      if (isFull) assert.ok(stall < 1000, `nothing arrived for ${stall} ms`);
    });
  }
});
