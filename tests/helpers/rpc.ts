// What applications do with @matrixai/rpc, over any pair of connections.
import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import Logger, { LogLevel } from '@matrixai/logger';
import type { QUICConnection, QUICStream } from '@matrixai/quic';
import rpc, { type RPCClient } from '@matrixai/rpc';

// It is CommonJS, whose names Node.js does not find
const {
  ClientCaller,
  ClientHandler,
  DuplexCaller,
  DuplexHandler,
  RawCaller,
  RawHandler,
  RPCServer,
  ServerCaller,
  ServerHandler,
  UnaryCaller,
  UnaryHandler,
} = rpc;

const MiB = 2 ** 20;

// Its type is that of an older version
const logger: any = new Logger('rpc', LogLevel.SILENT, []);

type Nothing = Record<string, never>;
type Message = { n: number; text?: string };
type Sum = { count: number; sum: number };

class Double extends UnaryHandler<Nothing, Message, Message> {
  public override handle = async ({ n, text }: Message): Promise<Message> => ({
    n: n * 2,
    text,
  });
}

/** Does not answer before its call is given up. */
class Hang extends UnaryHandler<{ hanging: () => void }, Message, Message> {
  public override handle = async (
    _message: Message,
    _cancel: unknown,
    _meta: unknown,
    { signal }: { signal: AbortSignal },
  ): Promise<Message> => {
    this.container.hanging();
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  };
}

class Add extends ClientHandler<Nothing, Message, Sum> {
  public override handle = async (
    input: AsyncIterable<Message>,
  ): Promise<Sum> => {
    const result = { count: 0, sum: 0 };
    for await (const { n } of input) {
      result.count++;
      result.sum += n;
    }
    return result;
  };
}

class Count extends ServerHandler<Nothing, Message, Message> {
  public override handle = async function* ({ n }: Message) {
    for (let i = 0; i < n; i++) yield { n: i };
  };
}

class Echo extends DuplexHandler<Nothing, Message, Message> {
  public override handle = async function* (input: AsyncIterable<Message>) {
    yield* input;
  } as any;
}

/** Tells how many bytes came, or sends as many as it was asked for. */
class Raw extends RawHandler {
  public override handle = async ([header, input]: any): Promise<any> => {
    const { send } = header.params;
    if (send > 0) return [{ size: send }, source(send)];
    let received = 0;
    const sum = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk) => {
        received += chunk.byteLength;
      },
      flush: (controller) => {
        controller.enqueue(new TextEncoder().encode(String(received)));
      },
    });
    return [{}, input.pipeThrough(sum)];
  };
}

function source(size: number): ReadableStream<Uint8Array> {
  let left = size;
  return new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const length = Math.min(left, 64 * 1024);
      if (length > 0) controller.enqueue(new Uint8Array(length));
      left -= length;
      if (left === 0) controller.close();
    },
  });
}

function callers() {
  return {
    double: new UnaryCaller<Message, Message>(),
    hang: new UnaryCaller<Message, Message>(),
    add: new ClientCaller<Message, Sum>(),
    count: new ServerCaller<Message, Message>(),
    echo: new DuplexCaller<Message, Message>(),
    raw: new RawCaller(),
  };
}

export type Client = RPCClient<ReturnType<typeof callers>>;

function pairOf(stream: QUICStream): any {
  const { readable, writable } = stream;
  return {
    readable,
    writable,
    cancel: (reason: any) => stream.cancel(reason),
  };
}

/** Has calls that come over a connection answered. */
export class Service {
  /** Resolves at the next call of `hang`. */
  public hanging: () => void = () => {};
  protected server = new RPCServer({ logger });

  public async start(): Promise<void> {
    await this.server.start({
      manifest: {
        double: new Double({}),
        hang: new Hang({ hanging: () => this.hanging() }),
        add: new Add({}),
        count: new Count({}),
        echo: new Echo({}),
        raw: new Raw({}),
      },
    });
  }

  public handle(stream: QUICStream): void {
    this.server.handleStream(pairOf(stream));
  }

  public async stop(): Promise<void> {
    await this.server.stop({ force: true });
  }
}

export function clientOf(connection: QUICConnection): Client {
  return new rpc.RPCClient({
    logger,
    manifest: callers(),
    streamFactory: async ({ signal }) => {
      const stream = connection.newStream();
      signal.addEventListener('abort', () => stream.cancel(signal.reason));
      return pairOf(stream);
    },
  });
}

async function double({ methods }: Client, n: number, text?: string) {
  const { n: result } = await methods.double(text ? { n, text } : { n });
  assert.equal(result, n * 2);
}

async function add({ methods }: Client, count: number, text?: string) {
  const { output, writable } = await methods.add();
  const writer = writable.getWriter();
  for (let n = 0; n < count; n++)
    await writer.write(text ? { n, text } : { n });
  await writer.close();
  assert.deepEqual(await output.then(({ count, sum }) => ({ count, sum })), {
    count,
    sum: (count * (count - 1)) / 2,
  });
}

async function parallel(
  count: number,
  atOnce: number,
  f: (i: number) => Promise<void>,
): Promise<void> {
  const run = async (first: number) => {
    for (let i = first; i < count; i += atOnce) await f(i);
  };
  await Promise.all(Array.from({ length: atOnce }, (_, i) => run(i)));
}

async function received(readable: AsyncIterable<Uint8Array>) {
  let length = 0;
  const first: Array<Uint8Array> = [];
  for await (const chunk of readable) {
    if (length < 1024) first.push(chunk);
    length += chunk.byteLength;
  }
  return { length, text: () => Buffer.concat(first).toString() };
}

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');

/** What is in use, in MiB, once garbage is collected. */
async function used(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    gc();
    await new Promise(setImmediate);
  }
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MiB;
}

/** What all is done, by its name. */
export const scenarios: Record<string, (client: Client) => Promise<void>> = {
  '500 unary calls in sequence': async (client) => {
    for (let n = 0; n < 500; n++) await double(client, n);
  },
  '90 unary calls at once': (client) =>
    parallel(90, 90, (n) => double(client, n)),
  'unary calls of 5,000 bytes': (client) =>
    parallel(40, 4, (n) => double(client, n, 'a'.repeat(5_000))),
  '20 client streams of three messages': async (client) => {
    for (let i = 0; i < 20; i++) await add(client, 3);
  },
  '20 client streams of three messages at once': (client) =>
    parallel(20, 20, () => add(client, 3)),
  '20 client streams of three messages of 5,000 bytes': async (client) => {
    for (let i = 0; i < 20; i++) await add(client, 3, 'a'.repeat(5_000));
  },
  '20 client streams of 1,000 messages': async (client) => {
    for (let i = 0; i < 20; i++) await add(client, 1_000);
  },
  'a server stream of 1,000 messages': async ({ methods }) => {
    let n = 0;
    for await (const message of await methods.count({ n: 1_000 })) {
      assert.equal(message.n, n++);
    }
    assert.equal(n, 1_000);
  },
  'a duplex stream of 1,000 messages by turns': async ({ methods }) => {
    const { readable, writable } = await methods.echo();
    const writer = writable.getWriter();
    const reader = readable.getReader();
    for (let n = 0; n < 1_000; n++) {
      await writer.write({ n });
      assert.equal((await reader.read()).value?.n, n);
    }
    await writer.close();
    assert.ok((await reader.read()).done);
  },
  '64 MiB up': async ({ methods }) => {
    const { readable, writable } = await methods.raw({ send: 0 });
    const [result] = await Promise.all([
      received(readable as any),
      source(64 * MiB).pipeTo(writable as any),
    ]);
    assert.equal(result.text(), String(64 * MiB));
  },
  '64 MiB down': async ({ methods }) => {
    const { readable, writable, meta } = await methods.raw({ send: 64 * MiB });
    assert.deepEqual(meta?.result, { size: 64 * MiB });
    await writable.close();
    assert.equal((await received(readable as any)).length, 64 * MiB);
  },
};

/** Calls, 32 at once, after which no more memory is used than after the first quarter of them. */
export async function keepCalling(client: Client, count: number) {
  const run = (count: number) => parallel(count, 32, (n) => double(client, n));
  await run(count / 4);
  const before = await used();
  await run((count / 4) * 3);
  const after = await used();
  assert.ok(after < before + 8, `${before} MiB became ${after} MiB`);
}

/** Starts calls, and resolves with what they are going to reject with once all are under way. */
export async function hang(
  service: Service,
  { methods }: Client,
  count: number,
  signal?: AbortSignal,
): Promise<Array<Promise<unknown>>> {
  const calls: Array<Promise<unknown>> = [];
  await new Promise<void>((resolve) => {
    let hanging = 0;
    service.hanging = () => {
      if (++hanging === count) resolve();
    };
    for (let n = 0; n < count; n++) {
      const call = methods.hang({ n }, signal && { signal });
      calls.push(
        call.then(
          () => 'it did not reject',
          (e) => e,
        ),
      );
    }
  });
  return calls;
}
