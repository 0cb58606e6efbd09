// A test of an application: a server on a free port, a certificate in memory, and ends that wait
// for nothing.
import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { QUICClient, QUICServer, utils } from '@matrixai/quic';

const { key, cert } = utils.selfSigned();
let server: QUICServer;

before(async () => {
  server = new QUICServer({ config: { key, cert } });
  await server.start({ host: '127.0.0.1' }); // port 0: any that is free
  void (async () => {
    for await (const { readable, writable } of server.incomingStreams) {
      readable.pipeTo(writable).catch(() => {});
    }
  })();
});

// An open server keeps the process of the tests alive
after(() => server.stop({ force: true }));

test('the server echoes', async () => {
  await using client = await QUICClient.createQUICClient({
    host: '127.0.0.1',
    port: server.port,
    config: { ca: cert },
  });
  const { readable, writable } = client.connection.newStream();
  const writer = writable.getWriter();
  await writer.write(Buffer.from('hello'));
  await writer.close();
  assert.equal(await text(readable), 'hello');
});
