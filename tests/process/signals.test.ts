import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFixture } from '../helpers/child.js';
import { forEachIO } from '../helpers/io.js';

const skip = process.platform === 'win32' && 'there are no such signals';

forEachIO((io) => {
  test('signals may come at any time', { timeout: 60_000, skip }, async (t) => {
    assert.deepEqual(await runFixture(t, 'signals', io).exit, {
      code: 0,
      signal: null,
      stdout: 'done\n',
      stderr: '',
    });
  });
});
