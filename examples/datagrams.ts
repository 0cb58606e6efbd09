// Unreliable datagrams (RFC 9221) between a server and a client in one process.
import { events, QUICClient, QUICServer, utils } from '@matrixai/quic';

const host = '127.0.0.1';
const { key, cert } = utils.selfSigned();
// Both ends have to enable them; 0 gives queues of default lengths.
const enableDgram: [boolean, number, number] = [true, 0, 0];

const server = new QUICServer({ config: { key, cert, enableDgram } });
server.addEventListener(
  events.EventQUICServerConnection.name,
  ({ detail: connection }: events.EventQUICServerConnection) => {
    const { readable, writable } = connection.datagrams;
    // All that comes goes back. The pipe ends with the connection.
    readable.pipeTo(writable).catch(() => {});
  },
);
await server.start({ host });

const client = await QUICClient.createQUICClient({
  host,
  port: server.port,
  config: { ca: cert, enableDgram, maxIdleTimeout: 10_000 },
});
const { readable, writable, maxDatagramSize } = client.connection.datagrams;
console.log(`A datagram has room for ${maxDatagramSize} bytes`);

const writer = writable.getWriter();
const reader = readable.getReader();
const send = () => writer.write(Buffer.from('Hello, datagrams!'));
await send();
// It may get lost, and is not sent again unless we do it.
const again = setInterval(send, 200);
const { value } = await reader.read();
clearInterval(again);
console.log(Buffer.from(value!).toString());

await writer.write(new Uint8Array(maxDatagramSize + 1)).catch((e) => {
  console.log(e.name); // its data has the size and the maximum
});
await client.destroy();
await server.stop();
