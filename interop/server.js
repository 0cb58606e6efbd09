// The server of the interop runner: it sends the files of a folder, as "GET /name" of HTTP/0.9 asks
// for them.
import { createReadStream, readFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { events, QUICServer } from '@matrixai/quic';
import { checkCase, config, fileIn, folders, options } from './common.js';

const testcase = checkCase('server');
const pem = (name) => readFileSync(path.join(folders.certs, name), 'utf8');

const server = new QUICServer({
  ...options,
  retry: testcase === 'retry' ? 'always' : 'auto',
  config: {
    ...config,
    key: pem('priv.key'),
    cert: pem('cert.pem'),
    enableEarlyData: testcase === 'zerortt',
    initialMaxStreamsBidi: 2000,
  },
});

async function answer(stream) {
  const request = await text(stream.readable);
  const [, name] = /^GET (\S+)/.exec(request) ?? [];
  if (name === undefined) {
    await stream.writable.abort(new Error('no request'));
    return;
  }
  await pipeline(createReadStream(fileIn(folders.www, name)), stream.writable);
}

server.addEventListener(
  events.EventQUICConnectionStream.name,
  ({ detail: stream }) => answer(stream).catch(() => {}),
);
await server.start({
  host: process.env.HOST ?? '::',
  port: Number(process.env.PORT ?? 443),
});
process.once('SIGTERM', () => server.stop({ force: true }));
