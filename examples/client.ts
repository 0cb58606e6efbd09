import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { QUICClient } from '@matrixai/quic';

const client = await QUICClient.createQUICClient({
  host: '127.0.0.1',
  port: Number(process.env.PORT ?? 4433),
  config: { ca: await readFile('cert.pem', 'utf8'), maxIdleTimeout: 10_000 },
});
const stream = client.connection.newStream();
const writer = stream.writable.getWriter();
await writer.write(Buffer.from('Hello, QUIC!'));
await writer.close();
console.log(await text(stream.readable));
await client.destroy();
