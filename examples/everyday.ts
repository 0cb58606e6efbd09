// What most programs need besides a server and a client. The README shows its parts.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGzip, gunzipSync } from 'node:zlib';
import { QUICClient, QUICServer, utils } from '@matrixai/quic';

const authority = utils.createAuthority();
const server = new QUICServer({ config: authority.issue() });
await server.start({ host: '127.0.0.1' });
const options = {
  host: '127.0.0.1',
  port: server.port,
  config: { ca: authority.cert },
};

async function serve(): Promise<void> {
  for await (const connection of server) {
    console.log(`A connection for ${connection.serverName || 'an address'}`);
  }
}

async function echo(): Promise<void> {
  for await (const stream of server.incomingStreams) {
    const duplex = stream.toDuplex();
    pipeline(duplex, duplex).catch(console.error);
  }
}

void serve();
void echo();

{
  await using client = await QUICClient.createQUICClient({
    ...options,
    signal: AbortSignal.timeout(5_000), // rejects with a TimeoutError
  });
  const stream = client.connection.newStream('bidi', {
    signal: AbortSignal.timeout(10_000), // resets the stream
  });
  const duplex = stream.toDuplex();
  const [echoed] = await Promise.all([
    buffer(duplex),
    pipeline(Readable.from(['Hello, ', 'Duplex!']), createGzip(), duplex),
  ]);
  assert.equal(`${gunzipSync(echoed)}`, 'Hello, Duplex!');

  const { smoothedRtt, bytesSent } = client.connection.stats();
  console.log(smoothedRtt < 1_000, bytesSent > 0);
} // the client is destroyed here

// Connections that exist keep their certificate
server.updateConfig(authority.issue({ days: 90 }));
const client = await QUICClient.createQUICClient(options);
console.log(client.connection.peerCertificate?.validTo !== undefined);
const stream = client.connection.newStream();
await stream.writable.getWriter().close();
console.log(await text(stream.readable));
await client.destroy();

const { acceptedConnections, connections } = server.stats();
console.log(acceptedConnections, connections);
await server.stop();
