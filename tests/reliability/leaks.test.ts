import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  errors,
  events,
  QUICClient,
  type QUICClientConfigInput,
  QUICServer,
  QUICSocket,
  type QUICStream,
} from '@matrixai/quic';
import { on, until } from '../helpers/events.js';
import { forEachIO, type IO } from '../helpers/io.js';
import {
  assertLevel,
  assertNothingHeld,
  isLevel,
  type Memory,
  watch,
} from '../helpers/level.js';
import { credentials } from '../helpers/pair.js';
import { isFull } from '../helpers/scale.js';
import {
  exchange,
  payload,
  readAll,
  serveEcho,
  writeAll,
} from '../helpers/streams.js';

/** How many of each, and by which part resident memory may be more than after the warm-up. */
const sizes = isFull
  ? {
      streams: 100_000,
      connections: 5000,
      sockets: 500,
      workers: 100,
      growth: 0.05,
    }
  : {
      streams: 2500,
      connections: 210,
      sockets: 50,
      workers: 4,
      // So little use says nothing of memory
      growth: Number.POSITIVE_INFINITY,
    };

type ServerOptions = ConstructorParameters<typeof QUICServer>[0];

type Options = Omit<Partial<ServerOptions>, 'config'> & {
  config?: Partial<ServerOptions['config']>;
  onStream?: (stream: QUICStream) => void;
};

/** Prepares, hands over what is to be done that many times, and clears up. */
type Subject = (
  io: IO,
  measure: (use: (count: number) => Promise<void>) => Promise<void>,
) => Promise<void>;

/** Runs a server for the time of a function. */
async function withServer(
  io: IO,
  { onStream = serveEcho, config, ...options }: Options,
  use: (server: QUICServer) => Promise<void>,
): Promise<void> {
  const server = new QUICServer({
    config: { ...credentials, ...config },
    io,
    ...options,
  });
  watch(server, server.socket);
  on(server, events.EventQUICConnectionStream, ({ detail }) =>
    onStream(detail),
  );
  await server.start({ host: '127.0.0.1' });
  await use(server);
  await server.stop({ force: true });
}

/** Connects, without a test that would keep the client. */
async function connect(
  io: IO,
  port: number,
  config?: QUICClientConfigInput,
  timer?: number,
): Promise<QUICClient> {
  const client = await QUICClient.createQUICClient(
    {
      host: '127.0.0.1',
      port,
      config: { ca: credentials.cert, ...config },
      io,
    },
    { timer },
  );
  watch(client, client.socket);
  return client;
}

/** Calls a function that many times, some at a time. */
async function repeat(
  count: number,
  atOnce: number,
  use: () => Promise<unknown>,
): Promise<void> {
  let left = count;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) await use();
    }),
  );
}

/** Streams of one connection, which stays open. */
function streams(
  use: (stream: QUICStream) => Promise<unknown>,
  onStream?: (stream: QUICStream) => void,
): Subject {
  return (io, measure) =>
    withServer(io, { onStream }, async (server) => {
      const client = await connect(io, server.port);
      await measure((count) =>
        repeat(count, 50, async () => {
          const stream = client.connection.newStream();
          await use(stream);
          await stream.closedP;
        }),
      );
      // Waits for the streams that the connection knows of
      await client.destroy({ force: false });
    });
}

/** Connections to one server, which goes on. */
function connections(
  options: Options,
  atOnce: number,
  use: (io: IO, port: number) => Promise<unknown>,
): Subject {
  return (io, measure) =>
    withServer(io, options, ({ port }) =>
      measure((count) => repeat(count, atOnce, () => use(io, port))),
    );
}

/** Dials that have to fail with an error. */
function failing(
  error: new (...args: any) => Error,
  options: Options,
  config?: QUICClientConfigInput,
): Subject {
  return connections(options, 20, (io, port) =>
    assert.rejects(connect(io, port, config), error),
  );
}

const streamSubjects: Record<string, Subject> = {
  'that end gracefully': streams((stream) =>
    exchange(stream, new Uint8Array(1)),
  ),

  'that are reset': streams(async (stream) => {
    await stream.writable.getWriter().write(new Uint8Array(1));
    await stream.readable.getReader().read();
    stream.cancel(new Error('reset'));
  }),

  'that the peer stops': streams(
    async (stream) => {
      await stream.writable.getWriter().write(new Uint8Array(1));
      await readAll(stream.readable);
    },
    async (stream) => {
      await stream.readable.cancel(new Error('stopped'));
      await stream.writable.close();
    },
  ),

  // Both ends have something to read when their connection is closed, with 50 streams
  'that nobody reads': (io, measure) => {
    let arrived = 0;
    const write = (stream: QUICStream) =>
      writeAll(stream.writable, payload(1000)).catch(() => {});
    const onStream = (stream: QUICStream) => {
      arrived++;
      void write(stream);
    };
    return withServer(io, { onStream }, ({ port }) =>
      measure((count) =>
        repeat(count / 50, 1, async () => {
          arrived = 0;
          const client = await connect(io, port);
          for (let i = 0; i < 50; i++) {
            void write(client.connection.newStream());
          }
          await until(() => arrived === 50);
          await client.destroy({ force: true });
        }),
      ),
    );
  },

  'that are destroyed at once': streams((stream) => stream.destroy()),
};

const connectionSubjects: Record<string, Subject> = {
  'that are closed': connections(
    { config: { enableDgram: [true, 0, 0] } },
    10,
    async (io, port) => {
      const client = await connect(io, port, { enableDgram: [true, 0, 0] });
      const writer = client.connection.datagrams.writable.getWriter();
      for (let i = 0; i < 10; i++) await writer.write(new Uint8Array(1000));
      await exchange(client.connection.newStream(), new Uint8Array(1));
      await client.destroy({ force: true });
    },
  ),

  'that time out': connections(
    { minIdleTimeout: 500 },
    50,
    async (io, port) => {
      const client = await connect(io, port, { maxIdleTimeout: 500 });
      client.connection.newStream();
      await client.connection.closedP;
      await client.destroy();
    },
  ),

  'that are refused': failing(errors.ErrorQUICConnectionPeer, {
    retry: 'never',
    maxUnvalidatedHandshakes: 0,
  }),

  'that the client refuses': failing(
    errors.ErrorQUICConnectionLocalTLS,
    {},
    { ca: undefined },
  ),

  'that have no protocol in common': failing(
    errors.ErrorQUICConnectionPeerTLS,
    {},
    { applicationProtos: ['other'] },
  ),

  'that the server refuses by a callback': connections(
    {
      config: {
        verifyPeer: true,
        verifyCallback() {
          throw new Error('refused');
        },
      },
    },
    20,
    async (io, port) => {
      const client = await connect(io, port, credentials);
      await client.closedP;
      await client.destroy();
    },
  ),

  'that nobody answers': async (io, measure) => {
    const peer = createSocket('udp4').bind(0, '127.0.0.1');
    await once(peer, 'listening');
    const { port } = peer.address();
    await measure((count) =>
      repeat(count, 50, () =>
        assert.rejects(
          connect(io, port, {}, 100),
          errors.ErrorQUICClientCreateTimeout,
        ),
      ),
    );
    peer.close();
    await once(peer, 'close');
  },
};

const sockets: Subject = (io, measure) =>
  measure((count) =>
    repeat(count, 10, async () => {
      const socket = new QUICSocket({ io });
      watch(socket);
      await socket.start({ host: '127.0.0.1' });
      await socket.send(new Uint8Array(1), socket.port, '127.0.0.1');
      await socket.stop();
    }),
  );

/** Threads that have traffic of their own. */
const workers: Subject = (io, measure) => {
  const script = new URL('../fixtures/worker.js', import.meta.url);
  return measure((count) =>
    repeat(count, 2, async () => {
      const worker = new Worker(script, { workerData: { io, does: 'end' } });
      const [code] = await once(worker, 'exit');
      assert.equal(code, 0);
    }),
  );
};

forEachIO((io) => {
  // After a warm-up of a fifth, all counts are back, and memory has its size
  const define = (what: string, count: number, subject: Subject) => {
    test(`${count} ${what} leave nothing behind`, {
      timeout: 300_000,
    }, async (t) => {
      const { growth } = sizes;
      let memory: Memory = [];
      await subject(io, async (use) => {
        memory = await assertLevel(
          () => use(Math.ceil(count / 5)),
          () => use(count),
          growth,
        );
      });
      const result = memory.map((n) => (n / 1e6).toFixed(1)).join(', ');
      t.diagnostic(`resident memory, in MB: ${result}`);
      assert.ok(isLevel(memory, growth), `memory grows: ${result} MB`);
      await assertNothingHeld();
    });
  };
  const defineAll = (
    what: string,
    total: number,
    subjects: Record<string, Subject>,
  ) => {
    const entries = Object.entries(subjects);
    for (const [how, subject] of entries) {
      define(`${what} ${how}`, Math.ceil(total / entries.length), subject);
    }
  };
  defineAll('streams', sizes.streams, streamSubjects);
  defineAll('connections', sizes.connections, connectionSubjects);
  define('sockets', sizes.sockets, sockets);
  define('workers', sizes.workers, workers);
});
