// Runs @matrixai/rpc over this version or version 2, and says what succeeds.
import { webcrypto } from 'node:crypto';
import Logger, { LogLevel } from '@matrixai/logger';
import {
  events,
  QUICClient,
  type QUICConnection,
  QUICServer,
} from '@matrixai/quic';
import { clientOf, keepCalling, Service, scenarios } from '../helpers/rpc.js';

const [key, cert, io, only = '', calls = '20000'] = process.argv.slice(2);
const logger = new Logger('rpc', LogLevel.SILENT, []);
const crypto: any = {
  key: new ArrayBuffer(32),
  ops: {
    sign: async () => new ArrayBuffer(32),
    verify: async () => true,
    randomBytes: async (data: ArrayBuffer) => {
      webcrypto.getRandomValues(new Uint8Array(data));
    },
  },
};
const options: any = { crypto, logger, ...(io ? { io } : {}) };

const service = new Service();
await service.start();
const server = new QUICServer({
  ...options,
  config: { key, cert, verifyPeer: false },
});
server.addEventListener(events.EventQUICConnectionStream.name, (evt: any) =>
  service.handle(evt.detail),
);
await server.start({ host: '127.0.0.1' });

async function connect(): Promise<{
  client: QUICClient;
  connection: QUICConnection;
}> {
  const client = await QUICClient.createQUICClient({
    host: '127.0.0.1',
    port: server.port,
    ...options,
    config: { verifyPeer: false },
  });
  return { client, connection: client.connection };
}

const all = {
  ...scenarios,
  [`${calls} calls`]: (client: any) => keepCalling(client, Number(calls)),
};
for (const [name, run] of Object.entries(all)) {
  if (!name.includes(only)) continue;
  const { client, connection } = await connect();
  const start = performance.now();
  let timer: any;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('it takes too long')), 60_000);
  });
  const outcome = await Promise.race([run(clientOf(connection)), late]).then(
    () => 'ok',
    (e) => `FAILS: ${e?.message ?? e}`,
  );
  clearTimeout(timer);
  console.log(
    `${name}: ${outcome}, ${Math.round(performance.now() - start)} ms`,
  );
  await client.destroy({ force: true });
}
process.exit();
