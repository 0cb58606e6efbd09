import { writeFile } from 'node:fs/promises';
import { utils } from '@matrixai/quic';
import { serve } from './app.js';

const { key, cert } = utils.selfSigned();
await writeFile('cert.pem', cert); // for the client
const server = await serve(key, cert, Number(process.env.PORT ?? 4433));
console.log(`Listening on ${server.host}:${server.port}`);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => server.stop({ force: false }));
}
