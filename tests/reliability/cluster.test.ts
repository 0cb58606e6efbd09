// Workers of node:cluster, as PM2 runs them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFixture } from '../helpers/child.js';
import { forEachIO } from '../helpers/io.js';
import { credentials, startServer } from '../helpers/pair.js';
import { serveEcho } from '../helpers/streams.js';

forEachIO((io) => {
  test('workers of a cluster have ports of their own, and cannot take one that is taken', {
    timeout: 30_000,
  }, async (t) => {
    const { port } = await startServer(t, io, { onStream: serveEcho });
    const args = [io, credentials.cert, `${port}`];
    const { stdout, stderr } = await runFixture(t, 'cluster', ...args).exit;
    assert.equal(stderr, '');
    const [a, b] = JSON.parse(stdout);
    assert.notEqual(a.port, b.port);
    for (const { echoes, code } of [a, b]) {
      assert.equal(echoes, 50);
      assert.equal(code, 'EADDRINUSE');
    }
  });
});
