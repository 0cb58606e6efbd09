import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { runFixture } from '../helpers/child.js';
import { forEachIO } from '../helpers/io.js';

const timeout = 60_000;

async function assertDone(t: TestContext, ...args: Array<string>) {
  assert.deepEqual(await runFixture(t, 'workers', ...args).exit, {
    code: 0,
    signal: null,
    stdout: 'done\n',
    stderr: '',
  });
}

forEachIO((io) => {
  const faulty =
    io === 'dgram' && Number.parseInt(process.versions.node, 10) < 24;
  const skip =
    faulty &&
    'this version of Node.js can abort in UDPWrap::OnRecv when a worker is ended while its dgram socket receives';

  test(
    '20 workers are terminated with open connections',
    {
      timeout,
      skip,
    },
    (t) => assertDone(t, 'terminate', io, 'stay open'),
  );

  test(
    '20 workers are terminated in mid-transfer',
    {
      timeout,
      skip,
    },
    (t) => assertDone(t, 'terminate', io, 'flow'),
  );

  test(
    'workers with ten copies of the library are terminated with open connections',
    {
      timeout,
      skip,
    },
    (t) => assertDone(t, 'terminate', io, 'have copies', '3'),
  );

  test(
    'process.exit() in mid-transfer ends its worker alone',
    {
      timeout,
      skip,
    },
    (t) => assertDone(t, 'exit', io),
  );

  test(
    'two workers and the main thread transfer at the same time',
    {
      timeout,
    },
    (t) => assertDone(t, 'parallel', io),
  );
});
