// This library, over the I/O mode that the first argument names, with the
// congestion control that the second names.
import {
  type CongestionControl,
  events,
  QUICClient,
  QUICServer,
  QUICSocket,
  type SocketIO,
} from '@matrixai/quic';
import {
  credentials,
  each,
  exchange,
  host,
  serve,
  type Transport,
  writeChunks,
  writeOne,
  writeUntil,
} from './transport.ts';
import { run } from './worker.ts';

function library(
  io: SocketIO,
  congestionControl: CongestionControl,
): Transport {
  let shared: Promise<QUICSocket> | undefined;
  const clientSocket = async () => {
    const socket = new QUICSocket({ io });
    await socket.start({ host });
    return socket;
  };
  return {
    module: '@matrixai/quic',
    async listen(handlers) {
      const server = new QUICServer({
        io,
        config: {
          ...credentials,
          congestionControl,
          verifyPeer: false,
          initialMaxStreamsBidi: handlers.streams,
          enableDgram: [handlers.datagrams ?? false, 0, 0],
        },
      });
      if (handlers.datagrams) {
        server.addEventListener(
          events.EventQUICServerConnection.name,
          ({ detail }: events.EventQUICServerConnection) =>
            each(detail.datagrams.readable, handlers.onDatagram!),
        );
      }
      server.addEventListener(
        events.EventQUICConnectionStream.name,
        ({ detail }: events.EventQUICConnectionStream) =>
          serve(detail, handlers),
      );
      await server.start({ host });
      return {
        port: server.port,
        close: () => server.stop({ force: true }),
      };
    },
    async connect(port, datagrams = false) {
      shared ??= clientSocket();
      const client = await QUICClient.createQUICClient({
        host,
        port,
        socket: await shared,
        config: {
          congestionControl,
          verifyPeer: true,
          ca: credentials.cert,
          enableDgram: [datagrams, 0, 0],
        },
      });
      const { connection } = client;
      return {
        send: (total) =>
          writeChunks(connection.newStream('uni').writable, total),
        echo: (message) => exchange(connection.newStream(), message),
        sendDatagrams: (datagram, isEnough) =>
          writeUntil(connection.datagrams.writable, datagram, isEnough),
        idle: () => writeOne(connection.newStream()),
        rtt: () => connection.stats().smoothedRtt,
        close: () => client.destroy({ force: true }),
      };
    },
    async close() {
      await (await shared)?.stop({ force: true });
    },
  };
}

const [io, congestionControl] = process.argv.slice(2) as [
  SocketIO,
  CongestionControl,
];

await run(library(io, congestionControl));
