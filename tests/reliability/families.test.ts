// Systems with and without IPv6.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { cannotRun, runFixtureWith } from '../helpers/child.js';
import { forEachIO } from '../helpers/io.js';
import { root } from '../helpers/packages.js';

const withoutIPv6 = [
  'python3',
  path.join(root, 'tests', 'fixtures', 'noipv6.py'),
];

/** Why there cannot be a system without IPv6 here, if there cannot. */
const skip = cannotRun(
  [...withoutIPv6, 'true'],
  'Python, and seccomp on x64 or arm64',
);

forEachIO((io) => {
  for (const [name, within, skipped, expected] of [
    ['with', [], false, ':: ipv4&ipv6 :: :: hi\n'],
    ['without', withoutIPv6, skip, '0.0.0.0 ipv4 0.0.0.0 0.0.0.0 hi\n'],
  ] as const) {
    test(`where nothing is said, a system ${name} IPv6 binds to all addresses that it has`, {
      timeout: 20_000,
      skip: skipped,
    }, async (t) => {
      const child = runFixtureWith(t, { within }, 'anywhere', io);
      const { stdout, stderr } = await child.exit;
      assert.equal(stderr + stdout, expected);
    });
  }
});
