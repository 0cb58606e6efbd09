import { writeFile } from 'node:fs/promises';
import { errors, QUICServer, utils } from '@matrixai/quic';

const { key, cert } = utils.selfSigned();
await writeFile('cert.pem', cert); // for the client, which trusts no other
const server = new QUICServer({ config: { key, cert } });
await server.start({ host: '127.0.0.1', port: +(process.env.PORT ?? 4433) });
console.log(`Listening on ${server.host}:${server.port}`);
const stop = () => server.stop({ force: false }); // ends the loop
process.once('SIGINT', stop).once('SIGTERM', stop);
for await (const { readable, writable } of server.incomingStreams) {
  readable.pipeTo(writable).catch((e) => {
    if (!errors.isOrderly(e)) console.error(e);
  });
}
