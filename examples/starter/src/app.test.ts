import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type QUICClient, type QUICServer, utils } from '@matrixai/quic';
import { ask, connect, serve } from './app.js';

let server: QUICServer;
let client: QUICClient;

before(async () => {
  const { key, cert } = utils.selfSigned();
  server = await serve(key, cert);
  client = await connect(server.port, cert);
});

after(async () => {
  await client.destroy();
  await server.stop({ force: true });
});

test('the server answers in capitals', async () => {
  assert.equal(await ask(client.connection, 'hello'), 'HELLO');
});

test('a hundred questions at the same time', async () => {
  const questions = Array.from({ length: 100 }, (_, i) => `question ${i}`);
  const answers = await Promise.all(
    questions.map((question) => ask(client.connection, question)),
  );
  assert.deepEqual(
    answers,
    questions.map((question) => question.toUpperCase()),
  );
});
