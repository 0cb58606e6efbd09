// node:tls: a connection is all that it has, so there is one for each stream that
// carries bulk, and none to echo over.
import { once } from 'node:events';
import tls from 'node:tls';
import { credentials, host, type Transport } from '../transport.ts';
import { run } from '../worker.ts';
import { countNode, listenNode, writeNode } from './node.ts';

const transport: Transport = {
  tcp: true,
  async listen({ onReceived }) {
    const server = tls.createServer(
      { ...credentials, minVersion: 'TLSv1.3' },
      (socket) => {
        socket.on('error', () => {});
        countNode(socket, (bytes) => {
          if (bytes > 0) onReceived?.(bytes);
          socket.end();
        });
      },
    );
    return listenNode(server);
  },

  async connect(port) {
    const connect = async () => {
      const socket = tls.connect({ host, port, ca: credentials.cert });
      await once(socket, 'secureConnect');
      return socket;
    };
    const socket = await connect();
    return {
      send: async (total) => writeNode(await connect(), total),
      close: async () => {
        socket.destroy();
      },
    };
  },
};

await run(transport);
