import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { cannotRun, runFixtureWith } from '../helpers/child.js';
import { forEachIO, type IO } from '../helpers/io.js';
import { connect, credentials } from '../helpers/pair.js';
import { exchange, KiB, MiB, payload, sha256 } from '../helpers/streams.js';

const timeout = 60_000;

/** Why system calls cannot be made to fail here, if they cannot. */
const skip = cannotRun(
  ['strace', '-f', '-o', '/dev/null', 'true'],
  'strace, and the right to trace processes',
);

/** A server some of whose system calls fail, as `strace` describes it. */
async function start(t: TestContext, io: IO, ...faults: Array<string>) {
  // The tracer is a grandchild (-D), so that it is the server that ends with the test
  const calls = [...new Set(faults.map((fault) => fault.split(':')[0]))];
  const within = [
    'strace',
    '-D',
    '-f',
    '-o',
    '/dev/null',
    '-e',
    `trace=${calls}`,
  ];
  for (const fault of faults) within.push('-e', `inject=${fault}`);
  const { key, cert } = credentials;
  const child = runFixtureWith(t, { within }, 'failing', io, key, cert);
  return { child, port: Number(await child.firstLine) };
}

async function assertEchoes(t: TestContext, io: IO, port: number, size = KiB) {
  const { connection } = await connect(t, io, port);
  const data = payload(size);
  const echoed = await exchange(connection.newStream(), data);
  assert.equal(sha256(echoed), sha256(data));
}

// Which calls read: libuv has its own reasons to choose one of them
const reads: Record<IO, Array<string>> = {
  native: ['recvmmsg'],
  dgram: ['recvmsg', 'recvmmsg'],
};

forEachIO((io) => {
  for (const error of [
    'ENOMEM',
    'ENOBUFS',
    'ENETDOWN',
    'ECONNREFUSED',
    'EHOSTUNREACH',
  ]) {
    test(`a socket goes on when reads fail with ${error}`, {
      timeout,
      skip,
    }, async (t) => {
      const { port } = await start(
        t,
        io,
        ...reads[io].map((call) => `${call}:error=${error}:when=2..40+2`),
      );
      for (let i = 0; i < 3; i++) await assertEchoes(t, io, port);
    });
  }

  test('a socket that cannot be read any more says so, and stops its server', {
    timeout,
    skip,
  }, async (t) => {
    const { child, port } = await start(
      t,
      io,
      ...reads[io].map((call) => `${call}:error=EBADF:when=12+`),
    );
    const { connection } = await connect(t, io, port);
    const writing = connection.newStream().writable.getWriter();
    writing.write(payload(MiB)).catch(() => {});
    writing.closed.catch(() => {});
    // The peer is told
    await connection.closedP;
    const { stdout } = await child.exit;
    assert.match(stdout, /failed: .*EBADF/);
    assert.match(stdout, /stopped/);
  });
});

// Node.js sends by sendmsg or sendmmsg, without segmentation
for (const [what, ...faults] of [
  ['EIO', 'sendmsg:error=EIO:when=3..9+3'],
  ['EINVAL', 'sendmsg:error=EINVAL:when=3..9+3'],
  ['EINVAL for the first packet', 'sendmsg:error=EINVAL:when=1'],
]) {
  test(`a native socket goes on when sends fail with ${what}`, {
    timeout,
    skip,
  }, async (t) => {
    const { port } = await start(t, 'native', ...faults);
    await assertEchoes(t, 'native', port, 4 * MiB);
    await assertEchoes(t, 'native', port);
  });
}
