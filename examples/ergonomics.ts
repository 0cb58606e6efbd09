// Servers and connections as async iterables, and streams as Duplex streams of Node.js. With
// a compiler or runtime that has explicit resource management, write `await using` in place of
// `const` and leave the last two lines out.
import { pipeline } from 'node:stream/promises';
import {
  QUICClient,
  type QUICConnection,
  QUICServer,
  utils,
} from '@matrixai/quic';

const { key, cert } = utils.selfSigned();
const server = new QUICServer({ config: { key, cert } });
await server.start({ host: '127.0.0.1' });

async function serve(connection: QUICConnection): Promise<void> {
  for await (const stream of connection.incomingStreams) {
    const duplex = stream.toDuplex();
    await pipeline(duplex, duplex);
  }
}
const serving = (async () => {
  for await (const connection of server) void serve(connection);
})();

const client = await QUICClient.createQUICClient({
  host: '127.0.0.1',
  port: server.port,
  config: { ca: cert },
});
for (const text of ['one', 'two']) {
  const duplex = client.connection.newStream().toDuplex();
  duplex.end(text);
  for await (const chunk of duplex) console.log(`${chunk}`);
}
await client[Symbol.asyncDispose]();
await server[Symbol.asyncDispose]();
await serving;
