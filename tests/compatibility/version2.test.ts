import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';
import Logger, { LogLevel } from '@matrixai/logger';
import { errors, QUICConnection } from '@matrixai/quic';
import * as v2 from '@matrixai/quic-v2';
import { on } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { connect, credentials, startServer } from '../helpers/pair.js';
import {
  exchange,
  MiB,
  payload,
  serveEcho,
  sha256,
} from '../helpers/streams.js';

const timeout = 60_000;
const { subtle } = webcrypto;
const logger = new Logger('v2', LogLevel.SILENT);

const clientCrypto: v2.QUICClientCrypto = {
  ops: {
    async randomBytes(data) {
      webcrypto.getRandomValues(new Uint8Array(data));
    },
  },
};

const hmac = { name: 'HMAC', hash: 'SHA-256' };

function importKey(key: ArrayBuffer) {
  return subtle.importKey('raw', key, hmac, false, ['sign', 'verify']);
}

const serverCrypto: v2.QUICServerCrypto = {
  key: webcrypto.getRandomValues(new Uint8Array(32)).buffer,
  ops: {
    async sign(key, data) {
      return subtle.sign(hmac, await importKey(key), data);
    },
    async verify(key, data, signature) {
      return subtle.verify(hmac, await importKey(key), signature, data);
    },
  },
};

// QUIC of another make: it proves that both speak as the RFCs have it
forEachIO((io) => {
  test('a client of version 2 has 1 MiB echoed by a server of this version', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, { onStream: serveEcho });
    const client = await v2.QUICClient.createQUICClient({
      host: '127.0.0.1',
      port: server.port,
      // It does not match a certificate with an IP address
      serverName: 'localhost',
      crypto: clientCrypto,
      logger,
      config: { ca: credentials.cert },
    });
    t.after(() => client.destroy({ force: true }));
    const data = payload(MiB);
    const received = await exchange(client.connection.newStream() as any, data);
    assert.equal(sha256(received), sha256(data));
  });

  for (const isEnabled of [true, false]) {
    test(`a server of version 2 with enableDgram ${isEnabled} is ${isEnabled ? 'sent datagrams' : 'known to take no datagrams'}`, {
      timeout,
    }, async (t) => {
      const server = new v2.QUICServer({
        crypto: serverCrypto,
        logger,
        config: { ...credentials, enableDgram: [isEnabled, 100, 100] },
      });
      t.after(() => server.stop({ force: true }));
      on(server, v2.events.EventQUICServerConnection, ({ detail }) => {
        on(detail, v2.events.EventQUICConnectionStream, ({ detail }) => {
          serveEcho(detail as any);
        });
      });
      await server.start({ host: '127.0.0.1' });
      const { connection } = await connect(t, io, server.port, {
        config: { enableDgram: [true, 0, 0] },
      });
      const { maxDatagramSize, writable } = connection.datagrams;
      const writer = writable.getWriter();
      if (isEnabled) {
        assert.ok(maxDatagramSize > 1100, `${maxDatagramSize}`);
        // It has no way to read them, but must not choke on them
        for (const size of [0, 1, maxDatagramSize]) {
          await writer.write(payload(size));
        }
      } else {
        assert.equal(maxDatagramSize, 0);
        await assert.rejects(
          writer.write(payload(1)),
          errors.ErrorQUICDatagramsDisabled,
        );
      }
      const data = payload(MiB);
      const received = await exchange(connection.newStream(), data);
      assert.equal(sha256(received), sha256(data));
    });
  }

  test('a client of this version has 1 MiB echoed by a server of version 2', {
    timeout,
  }, async (t) => {
    const server = new v2.QUICServer({
      crypto: serverCrypto,
      logger,
      config: credentials,
    });
    t.after(() => server.stop({ force: true }));
    on(server, v2.events.EventQUICServerConnection, ({ detail }) => {
      on(detail, v2.events.EventQUICConnectionStream, ({ detail: stream }) => {
        serveEcho(stream as any);
      });
    });
    await server.start({ host: '127.0.0.1' });
    const { connection } = await connect(t, io, server.port);
    const data = payload(MiB);
    const received = await exchange(connection.newStream(), data);
    assert.equal(sha256(received), sha256(data));
  });

  const reasonToCode = (_: unknown, { message }: Error) => message.length;
  const codeToReason = (type: string, code: number) =>
    new Error(`${type} ${code}`);

  /** Writes and gives up at once, and checks what the peer hears. */
  async function giveUp(connection: any, arrived: Promise<any>) {
    const stream = connection.newStream();
    await stream.writable.getWriter().write(Buffer.from('Hello!'));
    stream.cancel(new Error('why'));
    const peerStream = await arrived;
    const reader = peerStream.readable.getReader();
    const read = async () => {
      // What was sent before the reset may be read
      while (!(await reader.read()).done) {}
    };
    const ends = [
      assert.rejects(read(), new Error('read 3')),
      assert.rejects(
        peerStream.writable.getWriter().closed,
        new Error('write 3'),
      ),
    ];
    // Which side version 2 tells depends on how the frames fall into packets
    if (connection instanceof QUICConnection) await Promise.any(ends);
    else await Promise.all(ends);
  }

  test('a server of this version hears of a stream that a client of version 2 gives up at once', {
    timeout,
  }, async (t) => {
    let resolve!: (stream: unknown) => void;
    const arrived = new Promise((r) => {
      resolve = r;
    });
    const server = await startServer(t, io, {
      codeToReason,
      onStream: (stream) => resolve(stream),
    });
    const client = await v2.QUICClient.createQUICClient({
      host: '127.0.0.1',
      port: server.port,
      serverName: 'localhost',
      crypto: clientCrypto,
      reasonToCode,
      logger,
      config: { ca: credentials.cert },
    });
    t.after(() => client.destroy({ force: true }));
    await giveUp(client.connection, arrived);
  });

  test('a server of version 2 hears of a stream that a client of this version gives up at once', {
    timeout,
  }, async (t) => {
    const server = new v2.QUICServer({
      crypto: serverCrypto,
      codeToReason,
      logger,
      config: credentials,
    });
    t.after(() => server.stop({ force: true }));
    const arrived = new Promise((resolve) => {
      on(server, v2.events.EventQUICServerConnection, ({ detail }) => {
        on(detail, v2.events.EventQUICConnectionStream, ({ detail: stream }) =>
          resolve(stream),
        );
      });
    });
    await server.start({ host: '127.0.0.1' });
    const { connection } = await connect(t, io, server.port, { reasonToCode });
    await giveUp(connection, arrived);
  });
});
