// Moves a connection to another socket in mid-transfer, as when a laptop changes
// networks, and prints where the server sees the client.
import {
  events,
  QUICClient,
  QUICServer,
  QUICSocket,
  utils,
} from '@matrixai/quic';

const { key, cert } = utils.selfSigned();
const server = new QUICServer({ config: { key, cert } });
const serverConnection = new Promise<
  events.EventQUICServerConnection['detail']
>((resolve) => {
  server.addEventListener(
    events.EventQUICServerConnection.name,
    ({ detail }: events.EventQUICServerConnection) => resolve(detail),
  );
});
await server.start({ host: '127.0.0.1' });

const client = await QUICClient.createQUICClient({
  host: '127.0.0.1',
  port: server.port,
  config: { ca: cert },
});
const seen = await serverConnection;
console.log(`The client is at port ${seen.remotePort}`);

const moved = new Promise<void>((resolve) => {
  seen.addEventListener(events.EventQUICConnectionMigrated.name, () =>
    resolve(),
  );
});
let received = 0;
seen.addEventListener(
  events.EventQUICConnectionStream.name,
  async ({ detail: stream }: events.EventQUICConnectionStream) => {
    for await (const chunk of stream.readable) received += chunk.length;
    console.log(`The server got ${received / 2 ** 20} MiB`);
    await client.destroy();
    await socket.stop();
    await server.stop();
  },
);
const writer = client.connection.newStream('uni').writable.getWriter();
for (let i = 0; i < 16; i++) await writer.write(new Uint8Array(2 ** 20));

const socket = new QUICSocket();
await socket.start({ host: '127.0.0.1' });
await client.connection.migrate({ socket });
await moved;
console.log(`Now it is at port ${seen.remotePort}`);
for (let i = 0; i < 16; i++) await writer.write(new Uint8Array(2 ** 20));
await writer.close();
