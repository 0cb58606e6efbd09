// Hosts with several addresses, of which some do not answer (Happy Eyeballs, RFC 8305).
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { EventAll } from '@matrixai/events';
import {
  errors,
  native,
  type QUICClient,
  type ResolveHostname,
} from '@matrixai/quic';
import { cannotRun, runFixtureWith } from '../helpers/child.js';
import { until } from '../helpers/events.js';
import { forEachIO, type IO } from '../helpers/io.js';
import { recordingLogger } from '../helpers/logging.js';
import { connect, startServer, startSocket } from '../helpers/pair.js';
import { exchange, KiB, payload, serveEcho } from '../helpers/streams.js';

const timeout = 30_000;

// A block for documentation: nobody answers, or the system says that there is no way to it
const dead = '192.0.2.1';

const hosts = [
  '127.0.0.1 localhost four.test',
  '::1 localhost',
  'fd00::1 six.test',
  '127.0.0.1 both.test',
  '::1 both.test',
].join('\\n');
const withHosts = [
  ...['unshare', '--mount', 'sh', '-c'],
  `mount -t tmpfs none /mnt && printf '${hosts}\\n' > /mnt/hosts && mount --bind /mnt/hosts /etc/hosts && exec "$0" "$@"`,
];
const skip = cannotRun(
  [...withHosts, 'true'],
  'unshare and the right to mount',
);

/** Which of a host's addresses a client gets to, by a resolver that returns these. */
async function reach(
  t: TestContext,
  io: IO,
  port: number,
  addresses: ReadonlyArray<string>,
  options: Parameters<typeof connect>[3] & object = {},
): Promise<QUICClient> {
  return connect(t, io, port, {
    ...{ host: 'many.test', serverName: 'localhost' },
    resolveHostname: () => addresses,
    ...options,
  });
}

forEachIO((io) => {
  test('names with addresses of both families reach a server on one, with the resolver of the system', {
    timeout,
    skip,
  }, async (t) => {
    const names = ['localhost', 'both.test', 'four.test', 'six.test'];
    const { exit } = runFixtureWith(
      t,
      { within: withHosts },
      'named',
      io,
      ...names,
    );
    const { stdout, stderr } = await exit;
    const reached = ['127.0.0.1', '127.0.0.1', '2'];
    const lines = (stderr + stdout).trim().split('\n');
    // It may be that there is no way to the address, or that nobody answers
    assert.match(lines.splice(9, 1)[0], /^ErrorQUICC/);
    assert.deepEqual(lines, [
      ...reached,
      ...reached,
      ...reached,
      'ErrorQUICHostInvalid',
      'ErrorQUICHostInvalid',
    ]);
  });

  for (const [name, addresses] of [
    ['an IPv6 address', ['::1', '127.0.0.1']],
    ['an IPv4 address', [dead, '127.0.0.1']],
    ['several of both families', ['::1', dead, '127.0.0.9', '127.0.0.1']],
  ] as const) {
    test(`a client gets past ${name} where nobody answers`, {
      timeout,
    }, async (t) => {
      const { port } = await startServer(t, io, {
        onStream: serveEcho,
      });
      const { logger, lines } = recordingLogger();
      const client = await reach(t, io, port, addresses, { logger });
      const seen: Array<string> = [];
      client.addEventListener(EventAll.name, (e) =>
        seen.push((e as EventAll).detail.constructor.name),
      );
      assert.equal(client.host, '127.0.0.1');
      await exchange(client.connection.newStream(), payload(KiB));
      await client.destroy();
      // Nobody hears of the others
      const errorsOf = (names: ReadonlyArray<string>) =>
        names.filter((name) => /Error/.test(name)).length;
      assert.equal(errorsOf(seen), 2, seen.join());
      const ofConnections = lines.filter((line) =>
        /^(?!DEBUG).*QUICConnection/.test(line),
      );
      assert.deepEqual(
        ofConnections.map((line) =>
          line
            .replace(/ \w+ to \S+/, '')
            .split(' ')
            .slice(0, 3)
            .join(' '),
        ),
        [
          'INFO Started QUICConnection',
          'INFO Stop QUICConnection',
          'INFO QUICConnection Error:',
          'INFO Stopped QUICConnection',
        ],
      );
    });
  }

  test('the next address is tried at once when one fails', {
    timeout,
  }, async (t) => {
    const { port } = await startServer(t, io);
    const began = performance.now();
    // The system refuses to send to a broadcast address
    const client = await reach(t, io, port, ['255.255.255.255', '127.0.0.1'], {
      autoSelectFamilyAttemptTimeout: 20_000,
    });
    assert.equal(client.host, '127.0.0.1');
    assert.ok(performance.now() - began < 20_000);
  });

  test('one address alone is tried where that is asked for', {
    timeout,
  }, async (t) => {
    const { port } = await startServer(t, io);
    await assert.rejects(
      reach(t, io, port, ['::1', '127.0.0.1'], {
        ...{ autoSelectFamily: false, minIdleTimeout: 300 },
      }),
      errors.ErrorQUICConnectionIdleTimeout,
    );
  });

  test('the error of a client names what became of each address', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io);
    const { port } = server;
    const { logger, lines } = recordingLogger();
    const failed = (addresses: ReadonlyArray<string>, options: object) =>
      reach(t, io, port, addresses, {
        ...{ logger, autoSelectFamilyAttemptTimeout: 10 },
        ...options,
      }).then(
        () => assert.fail('connected'),
        (e) => e,
      );
    const timedOut = await failed(['::1', '127.0.0.9'], {
      minIdleTimeout: 300,
    });
    assert.ok(timedOut instanceof errors.ErrorQUICConnectionIdleTimeout);
    for (const text of [`[::1]:${port}`, `127.0.0.9:${port}`, 'many.test']) {
      assert.ok(timedOut.message.includes(text), timedOut.message);
    }
    const { attempts } = timedOut.data as errors.AttemptsData;
    assert.deepEqual(
      attempts.map(({ host, port, error }) => [host, port, error.name]).sort(),
      [
        ['127.0.0.9', port, 'ErrorQUICConnectionIdleTimeout'],
        ['::1', port, 'ErrorQUICConnectionIdleTimeout'],
      ],
    );
    assert.equal(lines.filter((line) => /many.test.*::1/.test(line)).length, 1);

    // One that answered says more than one that did not
    const refused = await failed(['::1', '127.0.0.1'], {
      ...{ minIdleTimeout: 1000, serverName: 'other.test' },
    });
    assert.ok(refused instanceof errors.ErrorQUICConnectionLocalTLS);
    assert.equal(refused.data.isApp, false);
    assert.equal(
      (refused.data as Partial<errors.AttemptsData>).attempts?.length,
      2,
    );
    await until(() => native.debugStats().connections === 0);
  });

  test('a resolver is told what the socket reaches, and other addresses are left out', {
    timeout,
  }, async (t) => {
    const { port } = await startServer(t, io);
    const asked: Array<unknown> = [];
    const resolveHostname: ResolveHostname = (name, { family }) => {
      asked.push([name, family]);
      return name === 'alias.test' ? ['::1', '127.0.0.1'] : ['alias.test'];
    };
    for (const [localHost, family] of [
      ['127.0.0.1', 4],
      ['::', 0],
    ] as const) {
      asked.length = 0;
      const client = await reach(t, io, port, [], {
        localHost,
        resolveHostname,
      });
      assert.equal(client.host, '127.0.0.1');
      assert.deepEqual(asked, [
        ['many.test', family],
        ['alias.test', family],
      ]);
    }
    await assert.rejects(
      reach(t, io, port, ['127.0.0.1'], { localHost: '::1' }),
      errors.ErrorQUICClientInvalidHost,
    );
    for (const addresses of [[], ['127.0.0.1', undefined]]) {
      await assert.rejects(
        reach(t, io, port, addresses as Array<string>),
        errors.ErrorQUICHostInvalid,
      );
    }
  });

  test('a client that is given up gives up all its attempts', {
    timeout,
  }, async (t) => {
    const port = 1; // TCPMUX, which nobody serves over UDP
    const socket = await startSocket(t, io, { host: '::' });
    for (const own of [undefined, socket]) {
      const controller = new AbortController();
      const creation = reach(t, io, port, ['::1', '127.0.0.1'], {
        ...{ signal: controller.signal, autoSelectFamilyAttemptTimeout: 10 },
        ...(own && { socket: own }),
      });
      setTimeout(() => controller.abort(new Error('enough')), 50);
      await assert.rejects(creation, /enough/);
    }
    await socket.stop();
    await until(() => native.debugStats().connections === 0);
  });

  test('a session resumes with whichever address answers', {
    timeout,
  }, async (t) => {
    const { port } = await startServer(t, io);
    const first = await connect(t, io, port);
    const session = await new Promise<Uint8Array>((resolve) =>
      first.addEventListener('EventQUICConnectionSession', (e) =>
        resolve((e as CustomEvent<Uint8Array>).detail),
      ),
    );
    const client = await reach(t, io, port, ['::1', '127.0.0.1'], { session });
    assert.equal(client.connection.resumed, true);
  });

  for (const value of [0, 9, 1.5, '250', Number.POSITIVE_INFINITY]) {
    test(`a delay of ${JSON.stringify(value)} is refused`, async (t) => {
      await assert.rejects(
        connect(t, io, 1, { autoSelectFamilyAttemptTimeout: value as number }),
        /autoSelectFamilyAttemptTimeout/,
      );
    });
  }
});
