// Two servers of a fleet, as behind a load balancer: the connection IDs that they choose carry
// their server ID, and a session that one of them handed out is resumed by the other.
import {
  events,
  QUICClient,
  QUICServer,
  type QUICServerCrypto,
  utils,
} from '@matrixai/quic';

const { key, cert } = utils.selfSigned();
const crypto: QUICServerCrypto = {
  // The same on all servers: who has it can read the sessions
  key: globalThis.crypto.getRandomValues(new Uint8Array(32)).buffer,
};

async function startServer(serverId: string): Promise<QUICServer> {
  const server = new QUICServer({
    config: { key, cert },
    crypto,
    // 8 bytes, as Network Load Balancers of AWS want them
    loadBalancing: { serverId: Buffer.from(serverId, 'hex') },
  });
  await server.start({ host: '127.0.0.1' });
  return server;
}

const servers = [
  await startServer('00000000000000a1'),
  await startServer('00000000000000b2'),
];
let session: Uint8Array | undefined;
for (const { port } of servers) {
  const client = await QUICClient.createQUICClient({
    host: '127.0.0.1',
    port,
    session,
    config: { ca: cert },
  });
  const { connection } = client;
  const received = new Promise<Uint8Array>((resolve) => {
    connection.addEventListener(
      events.EventQUICConnectionSession.name,
      ({ detail }: events.EventQUICConnectionSession) => resolve(detail),
    );
  });
  const id = connection.connectionIdPeer;
  const serverId = id.toString().slice(2, 18);
  console.log(`${id} leads to ${serverId}, resumed: ${connection.resumed}`);
  session = await received;
  await client.destroy();
}
for (const server of servers) await server.stop();
