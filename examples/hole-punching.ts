// Two peers behind NATs, each of which lets datagrams in only from where it has sent some
// to. Both send to each other until a datagram comes through, then connect over the
// same sockets. In reality they would learn of each other's address from a third party.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import {
  events,
  QUICClient,
  QUICServer,
  QUICSocket,
  utils,
} from '@matrixai/quic';

async function bind(): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** What stands between a peer, who sends to `inside`, and the world, which sees `outside`. */
async function makeNAT() {
  const [inside, outside] = [await bind(), await bind()];
  let remote: number | undefined;
  let peer: number | undefined;
  let hasSent = false;
  inside.on('message', (data, { port }) => {
    peer = port;
    hasSent = true;
    outside.send(data, remote!, '127.0.0.1');
  });
  outside.on('message', (data, { port }) => {
    const isAdmitted = hasSent && port === remote;
    if (isAdmitted) inside.send(data, peer!, '127.0.0.1');
  });
  return {
    inside: inside.address().port,
    outside: outside.address().port,
    lookTo: (port: number) => {
      remote = port;
    },
    close: () => {
      inside.close();
      outside.close();
    },
  };
}

const [natA, natB] = [await makeNAT(), await makeNAT()];
natA.lookTo(natB.outside);
natB.lookTo(natA.outside);

/** Sends until the other peer's datagram arrives, and once more for it. */
async function punch(socket: QUICSocket, port: number): Promise<void> {
  const send = () => socket.send('\0punch', port, '127.0.0.1');
  const timer = setInterval(send, 50);
  await new Promise<void>((resolve) => {
    socket.addEventListener(
      events.EventQUICSocketDatagram.name,
      () => resolve(),
      { once: true },
    );
    void send();
  });
  clearInterval(timer);
  await send();
}

const [socketA, socketB] = [new QUICSocket(), new QUICSocket()];
await socketA.start({ host: '127.0.0.1' });
await socketB.start({ host: '127.0.0.1' });
const { key, cert } = utils.selfSigned();
const server = new QUICServer({ config: { key, cert }, socket: socketB });
server.addEventListener(
  events.EventQUICConnectionStream.name,
  ({ detail: stream }: events.EventQUICConnectionStream) => {
    stream.readable.pipeTo(stream.writable).catch(console.error);
  },
);
await server.start();

await Promise.all([punch(socketA, natA.inside), punch(socketB, natB.inside)]);
console.log('Both NATs let datagrams through');

const client = await QUICClient.createQUICClient({
  host: '127.0.0.1',
  port: natA.inside,
  socket: socketA,
  config: { ca: cert },
});
const stream = client.connection.newStream();
const writer = stream.writable.getWriter();
await writer.write(Buffer.from('Hello through two NATs!'));
await writer.close();
console.log(await text(stream.readable));

await client.destroy();
await server.stop();
await Promise.all([socketA.stop(), socketB.stop()]);
natA.close();
natB.close();
