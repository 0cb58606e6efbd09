import { writeFile } from 'node:fs/promises';
import { errors, QUICServer, utils } from '@matrixai/quic';

const { key, cert } = utils.selfSigned();
await writeFile('cert.pem', cert); // for the client, which trusts no other
const server = new QUICServer({ config: { key, cert } });
const port = Number(process.env.PORT ?? 4433);
await server.start({ host: '127.0.0.1', port });
console.log(`Listening on ${server.host}:${server.port}`);
process.once('SIGTERM', () => server.stop({ force: false })); // ends the loop
for await (const { readable, writable } of server.incomingStreams) {
  readable.pipeTo(writable).catch((e) => {
    if (!errors.isOrderly(e)) console.error(e);
  });
}
