// A wall clock that is set, as by NTP or a user. Certificates and tickets go by it, and nothing
// else.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { events } from '@matrixai/quic';
import { cannotRun } from '../helpers/child.js';
import { on, once } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { pair } from '../helpers/pair.js';
import { exchange, KiB, payload, serveEcho } from '../helpers/streams.js';

const idle = 3000;
const jump = 30_000;

// The clock is that of the whole machine
const skip =
  process.env.RELIABILITY_CLOCK !== '1'
    ? 'sets the clock of the machine, with RELIABILITY_CLOCK=1 alone'
    : cannotRun(['date', '--set', 'now'], 'the right to set the clock');

/** Sets the clock by a number of milliseconds. */
function setClock(by: number): void {
  const seconds = ((Date.now() + by) / 1000).toFixed(3);
  execFileSync('date', ['--set', `@${seconds}`], { stdio: 'ignore' });
}

forEachIO((io) => {
  for (const by of [jump, -jump]) {
    test(`nothing notices a clock that jumps by ${by / 1000} s`, {
      timeout: 30_000,
      skip,
    }, async (t) => {
      const config = { maxIdleTimeout: idle };
      const { client, connection, serverConnection } = await pair(t, io, {
        server: { config },
        client: { config },
      });
      on(serverConnection, events.EventQUICConnectionStream, ({ detail }) =>
        serveEcho(detail),
      );
      const ended = once(client, events.EventQUICConnectionError);
      let isOver = false;
      void ended.then(() => {
        isOver = true;
      });
      const data = payload(KiB);
      const began = performance.now();
      setClock(by);
      try {
        for (let i = 0; i < 20; i++) {
          assert.deepEqual(await exchange(connection.newStream(), data), data);
        }
        assert.equal(isOver, false);
      } finally {
        setClock(-by);
      }
      await exchange(connection.newStream(), data);
      assert.equal(isOver, false);
      assert.equal((await ended).detail.name, 'ErrorQUICConnectionIdleTimeout');
      const waited = performance.now() - began;
      assert.ok(waited >= idle && waited < 2 * idle, `${waited} ms`);
    });
  }
});
