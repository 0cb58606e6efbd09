// Shows what can be seen of a connection: what the logger, the channels and the files get.
import { subscribe } from 'node:diagnostics_channel';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Logger, { ConsoleOutHandler, LogLevel } from '@matrixai/logger';
import {
  events,
  QUICClient,
  type QUICConnectionMessage,
  QUICServer,
  utils,
} from '@matrixai/quic';

for (const what of ['open', 'close']) {
  subscribe(`matrixai.quic.connection.${what}`, (message) => {
    const { connection, error } = message as QUICConnectionMessage;
    console.log(`${what} ${connection.type}: ${error?.message ?? 'no error'}`);
  });
}

const folder = await mkdtemp(path.join(tmpdir(), 'quic-'));
const config = { qlog: folder, logKeys: path.join(folder, 'keys.log') };
const logger = new Logger('example', LogLevel.INFO, [new ConsoleOutHandler()]);

const { key, cert } = utils.selfSigned();
const server = new QUICServer({ config: { ...config, key, cert }, logger });
server.addEventListener(
  events.EventQUICConnectionStream.name,
  ({ detail: stream }: events.EventQUICConnectionStream) => {
    stream.readable.pipeTo(stream.writable).catch(console.error);
  },
);
await server.start({ host: '127.0.0.1' });

const client = await QUICClient.createQUICClient({
  host: '127.0.0.1',
  port: server.port,
  config: { ...config, ca: cert },
  logger,
});
const stream = client.connection.newStream();
const writer = stream.writable.getWriter();
await writer.write(Buffer.from('Hello, QUIC!'));
await writer.close();
for await (const chunk of stream.readable) console.log(`${chunk.length} bytes`);
await client.destroy();
await server.stop();

for (const name of (await readdir(folder)).sort()) {
  const text = await readFile(path.join(folder, name), 'utf8');
  // A record of qlog begins with this control character, a secret is a line
  const count = text.split(name.endsWith('.sqlog') ? '\x1e' : '\n').length - 1;
  console.log(`${path.join(folder, name)}: ${count}`);
}
