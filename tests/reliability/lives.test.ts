import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import {
  errors,
  events,
  native,
  QUICClient,
  QUICServer,
  QUICSocket,
  type QUICStream,
} from '@matrixai/quic';
import fc from 'fast-check';
import { on } from '../helpers/events.js';
import { forEachIO, type IO } from '../helpers/io.js';
import { credentials } from '../helpers/pair.js';
import { seed } from '../helpers/random.js';
import { isFull } from '../helpers/scale.js';
import { KiB, payload, readAll } from '../helpers/streams.js';

// The full ones are a thousand over both I/O modes
const numRuns = isFull ? 500 : 25;
const hastyRuns = isFull ? 250 : 10;
const timeout = 300_000;

/** What is asked for takes at most that long. In milliseconds. */
const patience = 10_000;

/** What lives in the model. Streams that have ended are no part of it, nor are clients. */
type Model = {
  isSocketRunning: boolean;
  isServerRunning: boolean;
  clients: Array<ModelClient>;
};
type ModelClient = {
  client: QUICClient;
  /** Whether it uses the socket of the server. */
  isShared: boolean;
  streams: Array<ModelStream>;
};
type ModelStream = {
  stream: QUICStream;
  isReading: boolean;
  isWriting: boolean;
  /** Whether the server can know it. */
  hasWritten: boolean;
};

/** A socket with a server and any number of clients, and all that has ended. */
class World {
  readonly socket: QUICSocket;
  readonly server: QUICServer;
  readonly clients: Array<QUICClient> = [];
  readonly streams: Array<QUICStream> = [];

  constructor(readonly io: IO) {
    this.socket = new QUICSocket({ io });
    this.server = new QUICServer({
      config: credentials,
      socket: this.socket,
    });
    on(this.server, events.EventQUICConnectionStream, ({ detail }) => {
      void answer(detail);
    });
  }

  async connect(isShared: boolean): Promise<QUICClient> {
    const client = await QUICClient.createQUICClient(
      {
        host: '127.0.0.1',
        port: this.server.port,
        config: { ca: credentials.cert },
        ...(isShared ? { socket: this.socket } : { io: this.io }),
      },
      { timer: 500 },
    );
    this.clients.push(client);
    return client;
  }

  newStream(client: QUICClient): QUICStream {
    const stream = client.connection.newStream();
    this.streams.push(stream);
    return stream;
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.clients.map((client) => client.destroy({ force: true })),
    );
    await this.server.stop({ force: true });
    await this.socket.stop({ force: true });
  }

  /** Ends all, and waits until nothing is left of it. */
  async end(): Promise<void> {
    await this.stop();
    const deadline = performance.now() + patience;
    for (;;) {
      const handles = native.debugStats();
      const { transports, listeners, connections, streams } = handles;
      if (transports + listeners + connections + streams === 0) break;
      if (performance.now() > deadline) assert.fail(JSON.stringify(handles));
      await setTimeout(1);
    }
    for (const stream of this.streams) {
      await stream.closedP;
      assert.ok(stream.closed);
    }
    for (const client of this.clients) await client.closedP;
  }
}

/** Echoes, also what nobody wants. What is reset gets no end. */
async function answer({ readable, writable }: QUICStream): Promise<void> {
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  try {
    for await (const chunk of readable) writer.write(chunk).catch(() => {});
  } catch {
    return;
  }
  await writer.close().catch(() => {});
}

/** In what the world is not what the model says. */
function differences(model: Model, world: World): Array<string> {
  const different: Array<string> = [];
  const compare = (what: string, actual: unknown, expected: unknown) => {
    if (actual !== expected) different.push(`${what} is ${actual}`);
  };
  compare('socket.closed', world.socket.closed, !model.isSocketRunning);
  compare('server.closed', world.server.closed, !model.isServerRunning);
  compare(
    'socket.connectionMap.size',
    world.socket.connectionMap.size,
    model.clients.reduce((sum, { isShared }) => sum + (isShared ? 2 : 1), 0),
  );
  const streams = model.clients.flatMap((client) => client.streams);
  for (const client of world.clients) {
    const alive = model.clients.find((other) => other.client === client);
    compare('client.closed', client.closed, alive === undefined);
    compare(
      'connection.streamMap.size',
      client.connection.streamMap.size,
      alive?.streams.length ?? 0,
    );
  }
  for (const stream of world.streams) {
    const alive = streams.find((other) => other.stream === stream);
    compare('stream.closed', stream.closed, alive === undefined);
    compare('stream.readClosed', stream.readClosed, !alive?.isReading);
    compare('stream.writeClosed', stream.writeClosed, !alive?.isWriting);
  }
  const handles = native.debugStats();
  compare('listeners', handles.listeners, model.isServerRunning ? 1 : 0);
  compare('connections', handles.connections, 2 * model.clients.length);
  return different;
}

/** Waits until events have brought the world where the model is. */
async function agree(model: Model, world: World): Promise<void> {
  const deadline = performance.now() + patience;
  for (;;) {
    const different = differences(model, world);
    if (different.length === 0) return;
    if (performance.now() > deadline) assert.fail(different.join(', '));
    await setTimeout(1);
  }
}

/** One call, of which the model says what it does. */
class Call implements fc.AsyncCommand<Model, World> {
  constructor(
    private readonly name: string,
    private readonly run_: (model: Model, world: World) => Promise<void>,
    private readonly isPossible: (model: Model) => boolean = () => true,
  ) {}

  check(model: Readonly<Model>): boolean {
    return this.isPossible(model);
  }

  async run(model: Model, world: World): Promise<void> {
    await bounded(this.run_(model, world));
    await agree(model, world);
  }

  toString(): string {
    return this.name;
  }
}

async function bounded<T>(promise: Promise<T>): Promise<T> {
  const controller = new AbortController();
  const hang = setTimeout(patience, undefined, controller).then(
    () => assert.fail('it hangs'),
    () => undefined as never,
  );
  try {
    return await Promise.race([promise, hang]);
  } finally {
    controller.abort();
  }
}

const pick = <T>(values: ReadonlyArray<T>, at: number): T =>
  values[at % values.length];

const streamsOf = (model: Model) =>
  model.clients.flatMap(({ streams }) => streams);

function forget(model: Model): void {
  for (const client of model.clients) {
    client.streams = client.streams.filter(
      ({ isReading, isWriting }) => isReading || isWriting,
    );
  }
}

/** A call on a stream that has not ended. */
const onStream = (
  name: string,
  run: (at: ModelStream) => Promise<void>,
): fc.Arbitrary<Call> =>
  fc.nat(20).map(
    (at) =>
      new Call(
        `${name}(${at})`,
        async (model) => {
          await run(pick(streamsOf(model), at));
          forget(model);
        },
        (model) => streamsOf(model).length > 0,
      ),
  );

async function write(stream: QUICStream, data: Uint8Array): Promise<void> {
  const writer = stream.writable.getWriter();
  try {
    await writer.write(data);
  } finally {
    writer.closed.catch(() => {});
    writer.releaseLock();
  }
}

async function read(stream: QUICStream, length: number): Promise<Buffer> {
  const reader = stream.readable.getReader();
  const chunks: Array<Uint8Array> = [];
  try {
    for (let n = 0; n < length; ) {
      const { done, value } = await reader.read();
      if (done) assert.fail(`it ended after ${n} of ${length} bytes`);
      chunks.push(value);
      n += value.length;
    }
  } finally {
    reader.releaseLock();
  }
  return Buffer.concat(chunks);
}

const calls: Array<fc.Arbitrary<Call>> = [
  fc.constant(
    new Call('socket.start', async (model, { socket }) => {
      await socket.start({ host: '127.0.0.1' });
      model.isSocketRunning = true;
    }),
  ),
  fc.boolean().map(
    (force) =>
      new Call(`socket.stop(${force})`, async (model, { socket }) => {
        const stopping = socket.stop({ force });
        if (model.isSocketRunning && model.clients.length > 0 && !force) {
          await assert.rejects(
            stopping,
            errors.ErrorQUICSocketConnectionsActive,
          );
          return;
        }
        await stopping;
        model.isSocketRunning = false;
        model.isServerRunning = false;
        model.clients = [];
      }),
  ),
  fc.constant(
    new Call('server.start', async (model, { server }) => {
      const starting = server.start();
      if (!model.isSocketRunning) {
        await assert.rejects(starting, errors.ErrorQUICServerSocketNotRunning);
        return;
      }
      await starting;
      model.isServerRunning = true;
    }),
  ),
  fc.boolean().map(
    (force) =>
      new Call(
        `server.stop(${force})`,
        async (model, { server }) => {
          await server.stop({ force });
          model.isServerRunning = false;
          model.clients = [];
        },
        // Otherwise it waits for the streams
        (model) => force || streamsOf(model).length === 0,
      ),
  ),
  fc.boolean().map(
    (isShared) =>
      new Call(
        `connect(${isShared})`,
        async (model, world) => {
          const client = await world.connect(isShared);
          model.clients.push({ client, isShared, streams: [] });
        },
        (model) => model.isServerRunning && model.clients.length < 5,
      ),
  ),
  fc.boolean().map(
    (isShared) =>
      new Call(
        `connect(${isShared}) in vain`,
        async (model, { socket, io }) => {
          const connecting = QUICClient.createQUICClient(
            {
              host: '127.0.0.1',
              port: 1,
              ...(isShared ? { socket } : { io }),
            },
            { timer: 20 },
          );
          await assert.rejects(connecting, (e: Error) => {
            if (isShared && !model.isSocketRunning) {
              return e instanceof errors.ErrorQUICClientSocketNotRunning;
            }
            return (
              e instanceof errors.ErrorQUICClientCreateTimeout ||
              e instanceof errors.ErrorQUICConnectionInternal
            );
          });
        },
      ),
  ),
  fc.tuple(fc.nat(5), fc.boolean()).map(
    ([at, force]) =>
      new Call(
        `client.destroy(${at}, ${force})`,
        async (model) => {
          const gone = pick(model.clients, at);
          await gone.client.destroy({ force });
          model.clients = model.clients.filter((other) => other !== gone);
        },
        (model) =>
          model.clients.length > 0 &&
          (force || pick(model.clients, at).streams.length === 0),
      ),
  ),
  fc.nat(20).map(
    (at) =>
      new Call(
        `clients that are gone(${at})`,
        async (model, world) => {
          if (world.clients.length === 0) return;
          const client = pick(world.clients, at);
          if (model.clients.some((other) => other.client === client)) return;
          assert.throws(
            () => client.connection.newStream(),
            errors.ErrorQUICConnection,
          );
          await assert.rejects(
            client.connection.migrate({ socket: world.socket }),
            errors.ErrorQUIC,
          );
          await client.destroy();
          await client.connection.stop();
          client.connection.meta();
          client.connection.stats();
        },
        (model) => model.isSocketRunning,
      ),
  ),
  fc.nat(5).map(
    (at) =>
      new Call(
        `newStream(${at})`,
        async (model, world) => {
          const { client, streams } = pick(model.clients, at);
          const stream = world.newStream(client);
          streams.push({
            ...{ stream, hasWritten: false },
            ...{ isReading: true, isWriting: true },
          });
        },
        (model) => model.clients.length > 0 && streamsOf(model).length < 20,
      ),
  ),
  onStream('exchange', async (at) => {
    const { stream, isReading, isWriting } = at;
    const data = payload(10 * KiB, stream.streamId);
    at.hasWritten ||= isWriting;
    if (!isWriting) {
      await assert.rejects(write(stream, data));
    } else if (!isReading) {
      await write(stream, data);
    } else {
      await write(stream, data);
      assert.ok(data.equals(await read(stream, data.length)));
    }
  }),
  onStream('finish', async (at) => {
    if (!at.isWriting) {
      await assert.rejects(at.stream.writable.close());
      return;
    }
    await at.stream.writable.close();
    if (at.isReading)
      assert.equal((await readAll(at.stream.readable)).length, 0);
    at.isWriting = at.isReading = false;
  }),
  onStream('abort', async (at) => {
    await at.stream.writable.abort(new Error('aborted'));
    at.isWriting = false;
    // A server is not told of what was reset before its first byte, and ends it
    at.isReading &&= at.hasWritten;
  }),
  onStream('cancel reading', async (at) => {
    await at.stream.readable.cancel(new Error('cancelled')).catch((e) => {
      if (at.isReading) throw e;
    });
    at.isReading = false;
  }),
  onStream('cancel', async (at) => {
    at.stream.cancel(new Error('cancelled'));
    at.isReading = at.isWriting = false;
  }),
  onStream('destroy', async (at) => {
    await at.stream.destroy({ force: true });
    at.isReading = at.isWriting = false;
  }),
];

/** Calls that do not wait for each other, on what there is by then. */
const hasty: Record<string, (world: World, at: number) => Promise<unknown>> = {
  'socket.start': ({ socket }) => socket.start({ host: '127.0.0.1' }),
  'socket.stop': ({ socket }, at) => socket.stop({ force: at % 2 === 0 }),
  'server.start': ({ server }) => server.start(),
  'server.stop': ({ server }) => server.stop({ force: true }),
  connect: async (world, at) => world.connect(at % 2 === 0),
  'client.destroy': async ({ clients }, at) =>
    pick(clients, at)?.destroy({ force: true }),
  'connection.stop': async ({ clients }, at) =>
    pick(clients, at)?.connection.stop({ force: true }),
  newStream: async (world, at) => {
    if (world.clients.length > 0) world.newStream(pick(world.clients, at));
  },
  exchange: async ({ streams }, at) => {
    if (streams.length === 0) return;
    const data = payload(10 * KiB);
    await write(pick(streams, at), data);
    await read(pick(streams, at), data.length);
  },
  finish: async ({ streams }, at) => pick(streams, at)?.writable.close(),
  'stop reading': async ({ streams }, at) =>
    pick(streams, at)?.readable.cancel(new Error('cancelled')),
  cancel: async ({ streams }, at) =>
    pick(streams, at)?.cancel(new Error('cancelled')),
  'stream.destroy': async ({ streams }, at) => pick(streams, at)?.destroy(),
};

/** Whether an error says that something is not, or not any more, or is somebody else's now. */
function isExpected(e: unknown): boolean {
  return (
    e instanceof errors.ErrorQUIC ||
    (e instanceof TypeError && /^Invalid state/.test(e.message)) ||
    (e instanceof Error && e.message === 'cancelled') ||
    // What stands for the code of a peer where nobody maps it
    (e instanceof Error && /^(read|write) \d+$/.test(e.message)) ||
    (e instanceof assert.AssertionError && e.message.startsWith('it ended'))
  );
}

/** A world and its model, mostly with a server that has a client. */
async function begin(
  io: IO,
  isRunning: boolean,
): Promise<{ model: Model; real: World }> {
  const real = new World(io);
  const model: Model = {
    isSocketRunning: isRunning,
    isServerRunning: isRunning,
    clients: [],
  };
  if (isRunning) {
    await real.socket.start({ host: '127.0.0.1' });
    await real.server.start();
    const client = await real.connect(false);
    model.clients.push({ client, isShared: false, streams: [] });
    await agree(model, real);
  }
  return { model, real };
}

forEachIO((io) => {
  test(`${numRuns} random sequences of calls do what a model does`, {
    timeout,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 3 }),
        fc.commands(calls, { size: '+1', maxCommands: 60 }),
        async (start, commands) => {
          const { model, real } = await begin(io, start > 0);
          try {
            await fc.asyncModelRun(() => ({ model, real }), commands);
          } finally {
            await real.end();
          }
        },
      ),
      { seed, numRuns },
    );
  });

  test(`${hastyRuns} random sequences of calls at once fail with typed errors at most`, {
    timeout,
  }, async () => {
    const call = fc.tuple(
      fc.constantFrom(...Object.keys(hasty)),
      fc.nat(20),
      fc.boolean(),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { size: '+1', maxLength: 60 }),
        async (sequence) => {
          const { real } = await begin(io, true);
          const unexpected: Array<unknown> = [];
          const pending = new Map<Promise<unknown>, string>();
          for (const [name, at, isPatient] of sequence) {
            const calling: Promise<unknown> = hasty[name](real, at)
              .catch((e) => {
                if (!isExpected(e)) unexpected.push(name, e);
              })
              .then(() => pending.delete(calling));
            pending.set(calling, name);
            if (isPatient) await setTimeout(1);
          }
          // What waits for the peer ends with it
          await bounded(real.stop());
          await bounded(Promise.all(pending.keys())).catch((e) => {
            assert.fail(`${e.message}: ${[...pending.values()]}`);
          });
          await real.end();
          assert.deepEqual(unexpected, []);
        },
      ),
      // What a failed run leaves behind would fail the next ones
      { seed, numRuns: hastyRuns, endOnFailure: true },
    );
  });
});
