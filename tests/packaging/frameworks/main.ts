import { QUICClient, QUICServer, utils } from '@matrixai/quic';

async function main(): Promise<void> {
  const { key, cert } = utils.selfSigned();
  const server = new QUICServer({ config: { key, cert } });
  await server.start({ host: '127.0.0.1' });
  const client = await QUICClient.createQUICClient({
    host: '127.0.0.1',
    port: server.port,
    config: { ca: cert },
  });
  console.log(client.connection.type);
  await client.destroy();
  await server.stop({ force: true });
}

void main();
