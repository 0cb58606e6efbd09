// @matrixai/quic 2.0.9, the version before this one.
import { webcrypto } from 'node:crypto';
import Logger, { LogLevel } from '@matrixai/logger';
import {
  events,
  QUICClient,
  type QUICClientCrypto,
  QUICServer,
  type QUICServerCrypto,
  QUICSocket,
} from '@matrixai/quic-v2';
import {
  credentials,
  exchange,
  host,
  serve,
  type Transport,
  writeChunks,
  writeOne,
} from '../transport.ts';
import { run } from '../worker.ts';

const { subtle } = webcrypto;
const logger = new Logger('v2', LogLevel.SILENT);
const hmac = { name: 'HMAC', hash: 'SHA-256' };

const clientCrypto: QUICClientCrypto = {
  ops: {
    async randomBytes(data) {
      webcrypto.getRandomValues(new Uint8Array(data));
    },
  },
};

function importKey(key: ArrayBuffer) {
  return subtle.importKey('raw', key, hmac, false, ['sign', 'verify']);
}

const serverCrypto: QUICServerCrypto = {
  key: webcrypto.getRandomValues(new Uint8Array(32)).buffer,
  ops: {
    async sign(key, data) {
      return subtle.sign(hmac, await importKey(key), data);
    },
    async verify(key, data, signature) {
      return subtle.verify(hmac, await importKey(key), signature, data);
    },
  },
};

let shared: Promise<QUICSocket> | undefined;

async function clientSocket(): Promise<QUICSocket> {
  const socket = new QUICSocket({ logger });
  await socket.start({ host });
  return socket;
}

const transport: Transport = {
  module: '@matrixai/quic-v2',
  async listen(handlers) {
    const server = new QUICServer({
      crypto: serverCrypto,
      logger,
      config: {
        ...credentials,
        initialMaxStreamsBidi: handlers.streams ?? 100,
      },
    });
    server.addEventListener(
      events.EventQUICConnectionStream.name,
      (event: any) => serve(event.detail, handlers),
    );
    await server.start({ host });
    return { port: server.port, close: () => server.stop({ force: true }) };
  },

  async connect(port) {
    shared ??= clientSocket();
    const client = await QUICClient.createQUICClient({
      host,
      port,
      socket: await shared,
      // It does not match a certificate with an IP address.
      serverName: 'localhost',
      crypto: clientCrypto,
      logger,
      config: { ca: credentials.cert },
    });
    const { connection } = client;
    return {
      send: (total) =>
        writeChunks(connection.newStream('uni').writable as any, total),
      echo: (message) => exchange(connection.newStream() as any, message),
      idle: () => writeOne(connection.newStream() as any),
      close: () => client.destroy({ force: true }),
    };
  },

  async close() {
    await (await shared)?.stop({ force: true });
  },
};

await run(transport);
