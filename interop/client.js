// The client of the interop runner: it loads what REQUESTS names into a folder.
import { createWriteStream, readFileSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { events, QUICClient } from '@matrixai/quic';
import { checkCase, config, fileIn, folders, options } from './common.js';

const testcase = checkCase('client');
const urls = process.env.REQUESTS.split(' ').map((url) => new URL(url));
const ca = readFileSync(path.join(folders.certs, 'ca.pem'), 'utf8');

function connect(session) {
  const { hostname, port } = urls[0];
  return QUICClient.createQUICClient({
    ...options,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 443),
    serverName: process.env.SERVER_NAME ?? hostname,
    session,
    config: {
      ...config,
      ca,
      enableEarlyData: testcase === 'zerortt',
      // A client that only waits for data has nothing to send, so a server whose packets go to an
      // address that a NAT has given up would not learn of the new one.
      ...(testcase.startsWith('rebind-') && { keepAliveIntervalTime: 400 }),
    },
  });
}

async function load({ connection }, { pathname }) {
  const stream = connection.newStream();
  const writer = stream.writable.getWriter();
  await writer.write(Buffer.from(`GET ${pathname}\r\n`));
  writer.close().catch(() => {});
  const file = createWriteStream(fileIn(folders.downloads, pathname));
  await pipeline(stream.readable, file);
}

/** Loads files on one connection, and returns the session for the next. */
async function loadAll(urls, { session, wantsSession = false } = {}) {
  const client = await connect(session);
  await Promise.all(urls.map((url) => load(client, url)));
  if (wantsSession && client.session === undefined) {
    await new Promise((resolve) => {
      client.addEventListener(events.EventQUICConnectionSession.name, resolve);
    });
  }
  const next = client.session;
  await client.destroy();
  return next;
}

switch (testcase) {
  case 'multiconnect':
  case 'handshakeloss':
  case 'handshakecorruption':
    for (const url of urls) await loadAll([url]);
    break;
  case 'resumption':
  case 'zerortt': {
    const [first, ...others] = urls;
    const session = await loadAll([first], { wantsSession: true });
    await loadAll(others, { session });
    break;
  }
  default:
    await loadAll(urls);
}
process.exit();
