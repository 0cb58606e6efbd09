// A program as it is written for version 2. It prints what it observes, and must print the same
// with either version. What is better now is left out, see docs/compatibility.md.
import { webcrypto } from 'node:crypto';
import Logger, { LogLevel } from '@matrixai/logger';
import {
  errors,
  events,
  native,
  QUICClient,
  type QUICClientCrypto,
  type QUICConnection,
  QUICServer,
  type QUICServerCrypto,
  QUICSocket,
  type QUICStream,
  utils,
} from '@matrixai/quic';

// Version 2 takes no notice of the I/O mode
const [key, cert, io] = process.argv.slice(2);
const mode = { io } as object;
const logger = new Logger('application', LogLevel.SILENT, []);
const { subtle } = webcrypto;
const hmac = { name: 'HMAC', hash: 'SHA-256' };

const importKey = (key: ArrayBuffer) =>
  subtle.importKey('raw', key, hmac, false, ['sign', 'verify']);

const serverCrypto: QUICServerCrypto = {
  key: new Uint8Array(32).fill(1).buffer,
  ops: {
    sign: async (key, data) => subtle.sign(hmac, await importKey(key), data),
    verify: async (key, data, signature) =>
      subtle.verify(hmac, await importKey(key), signature, data),
  },
};

const clientCrypto: QUICClientCrypto = {
  ops: {
    async randomBytes(data) {
      webcrypto.getRandomValues(new Uint8Array(data));
    },
  },
};

class Refusal extends Error {
  constructor(public readonly code: number) {
    super(`refused with ${code}`);
  }
}

const codes = {
  reasonToCode: (_type: 'read' | 'write', reason?: any) =>
    reason instanceof Refusal ? reason.code : 0,
  codeToReason: (_type: 'read' | 'write', code: number) => new Refusal(code),
};

function print(...values: Array<unknown>): void {
  console.log(values.map(show).join(' '));
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof Refusal) return `Refusal ${value.code}`;
  if (!(value instanceof errors.ErrorQUIC)) return String(value);
  const { isApp, errorCode, code } = value.data;
  // Version 2 has no reason for TLS errors
  const reason = isApp ? value.data.reason : undefined;
  const data = [isApp, errorCode, reason, code].filter((v) => v !== undefined);
  return [value.name, ...data.map(show)].join(' ');
}

const none = 'no failure';

async function failure(promise: PromiseLike<unknown>): Promise<string> {
  try {
    await promise;
    return none;
  } catch (e) {
    return show(e);
  }
}

function once<T>(
  target: { addEventListener(...args: [string, any, any]): void },
  event: { name: string },
): Promise<T> {
  return new Promise((resolve) => {
    const handler = (evt: Event & { detail: T }) => resolve(evt.detail);
    target.addEventListener(event.name, handler, { once: true });
  });
}

async function read(stream: QUICStream): Promise<Uint8Array> {
  const chunks: Array<Uint8Array> = [];
  for await (const chunk of stream.readable) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function write(stream: QUICStream, data: string): Promise<void> {
  const writer = stream.writable.getWriter();
  await writer.write(Buffer.from(data));
  await writer.close();
}

async function echo(stream: QUICStream): Promise<void> {
  await stream.readable.pipeTo(stream.writable);
}

type Pair = { client: QUICClient; connection: QUICConnection };

const server = new QUICServer({
  ...mode,
  crypto: serverCrypto,
  config: { key, cert, verifyPeer: false, initialMaxStreamsBidi: 10 },
  ...codes,
  logger,
});

async function connect(): Promise<Pair> {
  const accepted = once<QUICConnection>(
    server,
    events.EventQUICServerConnection,
  );
  const client = await QUICClient.createQUICClient({
    ...mode,
    host: '127.0.0.1',
    port: server.port,
    crypto: clientCrypto,
    serverName: 'localhost',
    config: { ca: cert, maxIdleTimeout: 20_000 },
    ...codes,
    logger,
  });
  return { client, connection: await accepted };
}

/** A stream that the client opened, at both ends, with a byte read at the server. */
async function open({ client, connection }: Pair) {
  const arriving = once<QUICStream>(
    connection,
    events.EventQUICConnectionStream,
  );
  const stream = client.connection.newStream();
  const writer = stream.writable.getWriter();
  await writer.write(Buffer.from('x'));
  const peer = await arriving;
  const reader = peer.readable.getReader();
  print('first byte', (await reader.read()).value);
  return { stream, writer, peer, reader };
}

async function creation(): Promise<void> {
  print('# creation');
  const options = { crypto: clientCrypto, logger };
  const silent = new QUICSocket({ logger });
  await silent.start({ host: '127.0.0.1' });
  const target = { host: '127.0.0.1', port: silent.port, ...options };
  print(
    await failure(
      QUICClient.createQUICClient({
        ...target,
        config: { maxIdleTimeout: 200, verifyPeer: false },
      }),
    ),
    await failure(QUICClient.createQUICClient(target, { timer: 100 })),
    await failure(
      QUICClient.createQUICClient(target, {
        signal: AbortSignal.abort(new Refusal(1)),
      }),
    ),
    await failure(
      QUICClient.createQUICClient({
        ...target,
        config: { keepAliveIntervalTime: 100, maxIdleTimeout: 100 },
      }),
    ),
    await failure(QUICClient.createQUICClient({ ...target, localHost: '::1' })),
    await failure(silent.send('x', silent.port, '::1')),
    await failure(new QUICSocket({ logger }).start({ host: '192.0.2.1' })),
    silent.type,
    silent.host,
  );
  await silent.stop();
  print(silent.closed, await failure(silent.send('x', 1, '127.0.0.1')));
}

async function streams(): Promise<void> {
  print('# streams');
  const pair = await connect();
  const { client, connection } = pair;
  print(client.connection.type, connection.type);
  const isAgreed =
    `${client.connection.connectionIdShared}` ===
    `${connection.connectionIdShared}`;
  print(isAgreed, utils.toCanonicalIP(client.host), connection.localHost);

  connection.addEventListener(
    events.EventQUICConnectionStream.name,
    (evt: any) => void echo(evt.detail),
    { once: true },
  );
  const first = client.connection.newStream();
  print(first.type, first.initiated, first.streamId, first.closed);
  const [echoed] = await Promise.all([read(first), write(first, 'hello')]);
  await first.closedP;
  print(echoed, first.readClosed, first.writeClosed, first.closed);

  const aborted = await open(pair);
  const readFailed = once(aborted.peer, events.EventQUICStreamError);
  const reading = failure(aborted.reader.read());
  await aborted.writer.abort(new Refusal(7));
  print('aborted', await reading, await readFailed);

  const cancelled = await open(pair);
  const writeFailed = once(cancelled.stream, events.EventQUICStreamError);
  await cancelled.reader.cancel(new Refusal(8));
  print('cancelled', await writeFailed);
  print(await failure(cancelled.writer.write(Buffer.from('y'))));

  const uni = connection.newStream('uni');
  const arriving = once<QUICStream>(
    client.connection,
    events.EventQUICConnectionStream,
  );
  await write(uni, 'from the server');
  const arrived = await arriving;
  print(arrived.type, arrived.initiated, arrived.writeClosed);
  print(await read(arrived), uni.readClosed, uni.streamId, arrived.streamId);

  const waiting = await open(pair);
  const pending = failure(waiting.reader.read());
  const gone = once(connection, events.EventQUICConnectionClose);
  const left = once(client, events.EventQUICClientClose);
  await client.destroy({ errorCode: 42, reason: Buffer.from('done') });
  print('closed', await gone, await left);
  print(
    (await pending) === none,
    (await failure(waiting.writer.closed)) === none,
  );
  await Promise.all([waiting.stream.closedP, waiting.peer.closedP]);
  await connection.closedP;
  print(client.closed, connection.closed, client.connection.closed);
}

/** What a promise comes to, or that it comes to nothing. */
function outcome(promise: Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const nothing = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, 3000, 'nothing');
  });
  return Promise.race([failure(promise), nothing]).finally(() =>
    clearTimeout(timer),
  );
}

/** The next stream of the client, at the server. */
function arrival({ connection }: Pair): Promise<QUICStream> {
  return once(connection, events.EventQUICConnectionStream);
}

async function answers(): Promise<void> {
  print('# answers');
  const pair = await connect();
  for (const size of [10, 1000]) {
    const arriving = arrival(pair);
    const stream = pair.client.connection.newStream();
    const writer = stream.writable.getWriter();
    await writer.write(Buffer.from('question'));
    const peer = await arriving;
    const [reader, answering] = [
      peer.readable.getReader(),
      peer.writable.getWriter(),
    ];
    const { value } = await reader.read();
    // Chunks are Buffers
    print(String(value), value instanceof Buffer);
    const answered = answering.write(Buffer.alloc(size, 'a')).then(() => {
      void reader.cancel();
      return answering.close();
    });
    const answer = stream.readable.getReader();
    for (let length = 0; length < size; ) {
      length += (await answer.read()).value?.length ?? size;
    }
    print(size, await outcome(writer.close()), await outcome(answered));
    await stream.destroy();
  }
  await pair.client.destroy();
}

async function resets(): Promise<void> {
  print('# resets');
  const pair = await connect();
  for (const end of [
    async (stream: QUICStream) => {
      const writer = stream.writable.getWriter();
      await writer.write(Buffer.from('Hello!'));
      writer.releaseLock();
      stream.cancel(new Refusal(5));
    },
    async (stream: QUICStream) => {
      const writer = stream.writable.getWriter();
      await writer.write(Buffer.from('Hello!'));
      await writer.abort(new Refusal(6));
      await stream.readable.cancel(new Refusal(6));
    },
  ]) {
    const arriving = arrival(pair);
    const stream = pair.client.connection.newStream();
    await end(stream);
    const peer = await arriving;
    const reading = (async () => {
      for await (const _ of peer.readable);
    })();
    const writing = peer.writable.getWriter();
    print(await outcome(reading), await outcome(writing.closed));
    await stream.closedP;
  }
  await pair.client.destroy();
}

async function endings(): Promise<void> {
  print('# endings');
  const pair = await connect();
  const arriving = arrival(pair);
  const stream = pair.client.connection.newStream();
  await write(stream, 'question');
  const peer = await arriving;
  await read(peer);
  await write(peer, 'ok');
  await peer.closedP;
  // Nobody reads the answer
  print(await outcome(pair.client.destroy({ force: false })));
  const { client, connection } = await connect();
  await connection.stop({ errorCode: 9 });
  await client.closedP;
  try {
    client.connection.newStream();
  } catch (e) {
    print(e instanceof errors.ErrorQUICConnection);
  }
  // The smaller idle timeout holds at both ends
  for (const idle of [{ maxIdleTimeout: 300 }, { maxIdleTimeout: 20_000 }]) {
    server.updateConfig({ maxIdleTimeout: 20_300 - idle.maxIdleTimeout });
    const accepted = once<QUICConnection>(
      server,
      events.EventQUICServerConnection,
    );
    const quiet = await QUICClient.createQUICClient({
      ...mode,
      host: '127.0.0.1',
      port: server.port,
      crypto: clientCrypto,
      serverName: 'localhost',
      config: { ca: cert, ...idle },
      logger,
    });
    const peer = await accepted;
    const ended = [quiet.connection, peer].map((end) =>
      once(end, events.EventQUICConnectionError),
    );
    print(await outcome(Promise.all(ended)), ...(await Promise.all(ended)));
  }
  server.updateConfig({ maxIdleTimeout: 0 });
}

async function shutdown(): Promise<void> {
  print('# shutdown');
  const { client } = await connect();
  const closing = once(client.connection, events.EventQUICConnectionClose);
  await server.stop({
    isApp: false,
    errorCode: native.ConnectionErrorCode.ConnectionRefused,
    reason: Buffer.from('full'),
  });
  print(await closing, server.closed);
  await client.closedP;
  print(client.closed);
}

async function refusal(): Promise<void> {
  print('# refusal');
  const options = {
    host: '127.0.0.1',
    port: server.port,
    crypto: clientCrypto,
    logger,
  };
  print(await failure(QUICClient.createQUICClient(options)));
  const refuse = async () => native.CryptoError.CertificateRevoked;
  print(
    await failure(
      QUICClient.createQUICClient({
        ...options,
        config: { ca: cert, verifyCallback: refuse },
      }),
    ),
  );
}

await server.start({ host: '127.0.0.1' });
print(server.host, utils.isPort(server.port), server.closed);
await creation();
await streams();
await answers();
await resets();
await endings();
await refusal();
await shutdown();
await server.start({ host: '127.0.0.1' });
print(server.closed);
await server.stop();
