// The QUIC that is built into Deno, with the congestion control that the first
// argument names. It refuses a certificate that is its own
// authority, so it is told to verify none.
import {
  count,
  credentials,
  echo,
  exchange,
  host,
  type Transport,
  writeChunks,
  writeOne,
} from '../transport.ts';
import { run } from '../worker.ts';

const congestionControl = process.argv[2] as 'default' | 'low-latency';

let shared: Deno.QuicEndpoint | undefined;

const transport: Transport = {
  async listen({ onReceived, onRead, onIdle, streams = 100 }) {
    const endpoint = new Deno.QuicEndpoint({ hostname: host, port: 0 });
    const listener = endpoint.listen({
      ...credentials,
      alpnProtocols: ['quic'],
      maxIdleTimeout: 600_000,
      maxConcurrentBidirectionalStreams: streams,
      congestionControl,
    });
    const serveBulk = async (connection: Deno.QuicConn) => {
      for await (const stream of connection.incomingUnidirectionalStreams) {
        count(stream, onRead).then(onReceived);
      }
    };
    const serveOthers = async (connection: Deno.QuicConn) => {
      for await (const stream of connection.incomingBidirectionalStreams) {
        if (onIdle) onIdle();
        else echo(stream);
      }
    };
    const serve = async () => {
      for await (const incoming of listener) {
        incoming
          .accept<false>()
          .then((connection) => {
            serveBulk(connection).catch(() => {});
            serveOthers(connection).catch(() => {});
          })
          .catch(() => {});
      }
    };
    serve().catch(() => {});
    return { port: endpoint.addr.port, close: async () => endpoint.close() };
  },

  async connect(port) {
    shared ??= new Deno.QuicEndpoint({ hostname: host, port: 0 });
    const connection = await Deno.connectQuic({
      hostname: host,
      port,
      serverName: 'localhost',
      alpnProtocols: ['quic'],
      maxIdleTimeout: 600_000,
      congestionControl,
      endpoint: shared,
    });
    const wait = { waitUntilAvailable: true };
    return {
      send: async (total) =>
        writeChunks(await connection.createUnidirectionalStream(wait), total),
      echo: async (message) =>
        exchange(await connection.createBidirectionalStream(wait), message),
      idle: async () =>
        writeOne(await connection.createBidirectionalStream(wait)),
      close: async () => connection.close({ closeCode: 0, reason: '' }),
    };
  },

  async close() {
    shared?.close();
  },
};

await run(transport);
