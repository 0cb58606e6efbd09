// A game loop: positions as unreliable datagrams, of which the newest counts; what must arrive goes
// on a stream.
import { text } from 'node:stream/consumers';
import {
  QUICClient,
  type QUICConnection,
  QUICServer,
  utils,
} from '@matrixai/quic';

const authority = utils.createAuthority();
// Old positions are of no use: few wait
const enableDgram = { incoming: 16, outgoing: 16 };
const server = new QUICServer({
  config: { ...authority.issue(), enableDgram },
});
await server.start({ host: '127.0.0.1' });

const players = new Map<
  QUICConnection,
  { x: number; y: number; tick: number }
>();

async function follow(connection: QUICConnection): Promise<void> {
  players.set(connection, { x: 0, y: 0, tick: -1 });
  void connection.closedP.then(() => players.delete(connection));
  for await (const datagram of connection.datagrams.readable) {
    const view = new DataView(datagram.buffer, datagram.byteOffset);
    const tick = view.getUint32(0);
    // They may come in another order, and some not at all
    if (tick <= players.get(connection)!.tick) continue;
    const [x, y] = [view.getFloat32(4), view.getFloat32(8)];
    players.set(connection, { x, y, tick });
  }
}

void (async () => {
  for await (const connection of server) follow(connection).catch(() => {});
})();
void (async () => {
  // The score must arrive: a stream
  for await (const stream of server.incomingStreams) {
    console.log('score', await text(stream.readable));
  }
})();

const client = await QUICClient.createQUICClient({
  host: '127.0.0.1',
  port: server.port,
  config: { ca: authority.cert, enableDgram },
});
const position = client.connection.datagrams.writable.getWriter();
for (let tick = 0; tick < 60; tick++) {
  const view = new DataView(new ArrayBuffer(12));
  view.setUint32(0, tick);
  view.setFloat32(4, Math.cos(tick / 10));
  view.setFloat32(8, Math.sin(tick / 10));
  // Not awaited: a tick that is late does not hold up the game
  position.write(new Uint8Array(view.buffer)).catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 5));
}
const score = client.connection.newStream('uni').writable.getWriter();
await score.write(Buffer.from('1,000'));
await score.close();
const [{ tick }] = players.values();
console.log('the server has seen tick', tick);
await client.destroy();
await server.stop();
