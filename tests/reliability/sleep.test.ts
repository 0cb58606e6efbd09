// Processes that are stopped for longer than the idle timeout, as by a laptop that is closed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events } from '@matrixai/quic';
import { runFixture } from '../helpers/child.js';
import { once } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { credentials, startServer } from '../helpers/pair.js';

const idle = 2000;

forEachIO((io) => {
  test('a process that was stopped beyond the idle timeout knows at once when it goes on', {
    timeout: 30_000,
    skip: process.platform === 'win32' && 'Windows has no SIGSTOP',
  }, async (t) => {
    const server = await startServer(t, io, {
      config: { maxIdleTimeout: idle },
    });
    const child = runFixture(
      t,
      'asleep',
      io,
      credentials.cert,
      `${server.port}`,
      `${idle}`,
    );
    await child.firstLine;
    child.kill('SIGSTOP');
    const { detail } = await once(server, events.EventQUICConnectionError);
    assert.equal(detail.name, 'ErrorQUICConnectionIdleTimeout');
    // Now its own timeout is over as well
    await new Promise((resolve) => setTimeout(resolve, idle / 4));
    child.kill('SIGCONT');
    const began = performance.now();
    const { stdout, stderr, code } = await child.exit;
    assert.equal(stderr, '');
    assert.equal(code, 0);
    const [end, opening, reading] = JSON.parse(stdout.split('\n')[1]);
    // Its first packet may be answered by a stateless reset before its timer has run
    assert.match(end, /^ErrorQUICConnection(IdleTimeout|Peer)$/);
    assert.equal(opening, 'ErrorQUICConnectionClosed');
    assert.equal(reading, end);
    // It does not begin to wait anew
    assert.ok(performance.now() - began < idle * 0.75);
  });
});
