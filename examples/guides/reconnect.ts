// A client that comes back: with the session of last time, and pauses that grow, until the server
// is there again.
import { setTimeout } from 'node:timers/promises';
import { QUICClient, QUICServer, utils } from '@matrixai/quic';

const authority = utils.createAuthority();
const credentials = authority.issue();
// The same key lets a server that was restarted resume its sessions
const crypto = {
  key: globalThis.crypto.getRandomValues(new Uint8Array(32)).buffer,
};

async function startServer(port = 0): Promise<QUICServer> {
  const server = new QUICServer({ config: credentials, crypto });
  await server.start({ host: '127.0.0.1', port });
  return server;
}

let server = await startServer();
const { port } = server;
const controller = new AbortController();
let session: Uint8Array | undefined;

/**
 * Connects until it succeeds: at once, then after pauses from 50 ms to 5 s, each a random part
 * longer.
 */
async function connect(): Promise<QUICClient> {
  for (let pause = 50; ; pause = Math.min(2 * pause, 5_000)) {
    try {
      return await QUICClient.createQUICClient({
        host: '127.0.0.1',
        port,
        session,
        // A server that is gone is noticed by the third keep-alive that it does not answer
        config: {
          ca: authority.cert,
          maxIdleTimeout: 3_000,
          keepAliveIntervalTime: 1_000,
        },
        minIdleTimeout: 300,
        signal: controller.signal,
      });
    } catch (e) {
      if (controller.signal.aborted) throw e;
      console.log((e as Error).name);
      await setTimeout(pause * (1 + Math.random()));
    }
  }
}

async function stayConnected(): Promise<void> {
  while (!controller.signal.aborted) {
    const client = await connect();
    console.log('connected, resumed:', client.connection.resumed);
    client.addEventListener('EventQUICConnectionSession', ({ detail }) => {
      session = detail;
    });
    // Whatever ends it: the server, the network, or us
    await Promise.race([client.closedP, aborted]);
    await client.destroy();
  }
}

const aborted = new Promise<void>((resolve) =>
  controller.signal.addEventListener('abort', () => resolve()),
);
const staying = stayConnected().catch(() => {});
while (session === undefined) await setTimeout(10);
await server.stop();
await setTimeout(500);
server = await startServer(port);
while (server.connections.size === 0) await setTimeout(10);
controller.abort();
await staying;
await server.stop();
