// node:http2 over TLS 1.3, a request for each stream.
import { once } from 'node:events';
import http2 from 'node:http2';
import { credentials, host, type Transport } from '../transport.ts';
import { run } from '../worker.ts';
import { countNode, listenNode, readNode, writeNode } from './node.ts';

// What the library has; the defaults are slower.
const connectionWindow = 24 * 2 ** 20;
const settings = { initialWindowSize: 16 * 2 ** 20 };

const transport: Transport = {
  tcp: true,
  async listen({ onReceived, onIdle }) {
    const server = http2.createSecureServer({
      ...credentials,
      minVersion: 'TLSv1.3',
      settings,
    });
    server.on('session', (session) => {
      session.setLocalWindowSize(connectionWindow);
      session.on('error', () => {});
    });
    server.on('stream', async (stream, headers) => {
      stream.on('error', () => {});
      if (headers[':path'] === '/bulk') {
        countNode(stream, (bytes) => {
          stream.respond({}, { endStream: true });
          onReceived?.(bytes);
        });
      } else if (onIdle) {
        onIdle();
      } else {
        const message = await readNode(stream);
        stream.respond();
        stream.end(message);
      }
    });
    return listenNode(server);
  },

  async connect(port) {
    const session = http2.connect(`https://${host}:${port}`, {
      ca: credentials.cert,
      settings,
    });
    await once(session, 'connect');
    session.setLocalWindowSize(connectionWindow);
    const request = (path: string) =>
      session.request({ ':method': 'POST', ':path': path });
    return {
      send: (total) => writeNode(request('/bulk').resume(), total),
      echo: (message) => {
        const stream = request('/echo');
        stream.end(message);
        return readNode(stream);
      },
      idle: () => {
        request('/idle')
          .on('error', () => {})
          .write(Buffer.alloc(1));
      },
      close: async () => session.destroy(),
    };
  },
};

await run(transport);
