import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { errors, events, native, utils } from '@matrixai/quic';
import { on, once, until } from '../helpers/events.js';
import { forEachIO, type IO } from '../helpers/io.js';
import { connect, startServer } from '../helpers/pair.js';
import { Relay } from '../helpers/relay.js';
import { exchange, payload, readAll, serveEcho } from '../helpers/streams.js';

const timeout = 60_000;

const good = utils.selfSigned();
const evil = utils.selfSigned();

const { BadCertificate } = native.CryptoError;
const { raw: goodLeaf } = new X509Certificate(good.cert);

/** Whom a chain belongs to. */
function nameOf([leaf]: Array<Uint8Array>): 'good' | 'evil' {
  return goodLeaf.equals(leaf) ? 'good' : 'evil';
}

/** A callback that accepts the good one alone, and takes its time. */
class Slow {
  readonly asked: Array<string> = [];
  delay = 0;

  readonly callback = async (
    chain: Array<Uint8Array>,
  ): Promise<native.CryptoError | undefined> => {
    const name = nameOf(chain);
    this.asked.push(name);
    await setTimeout(this.delay);
    return name === 'good' ? undefined : BadCertificate;
  };
}

/** Servers of which the relay leads to either, as a man in the middle does. */
async function startBoth(t: TestContext, io: IO) {
  const secrets: Array<string> = [];
  const goodServer = await startServer(t, io, {
    config: { ...good, enableEarlyData: true },
    onStream: serveEcho,
  });
  const evilServer = await startServer(t, io, {
    config: evil,
    onStream: async (stream) => {
      secrets.push((await readAll(stream.readable)).toString());
    },
  });
  return { goodServer, evilServer, secrets };
}

forEachIO((io) => {
  for (const enableEarlyData of [false, true]) {
    test(`a verdict on the chain of a session that comes late does not let in another server${enableEarlyData ? ', with early data' : ''}`, {
      timeout,
    }, async (t) => {
      const { goodServer, evilServer, secrets } = await startBoth(t, io);
      const slow = new Slow();
      const config = {
        ca: undefined,
        verifyCallback: slow.callback,
        maxIdleTimeout: 1000,
        enableEarlyData,
      };
      const first = await connect(t, io, goodServer.port, { config });
      const { detail: session } = await once(
        first,
        events.EventQUICConnectionSession,
      );
      await first.destroy();
      assert.deepEqual(slow.asked, ['good']);

      slow.delay = 1500;
      await assert.rejects(
        connect(t, io, evilServer.port, { config, session }).then(
          async ({ connection }) => {
            const writer = connection.newStream().writable.getWriter();
            await writer.write(Buffer.from('secret'));
            await writer.close();
          },
        ),
        (e: any) => {
          assert.ok(e instanceof errors.ErrorQUICConnectionLocalTLS);
          assert.equal(e.data.errorCode, native.CryptoError.InternalError);
          return true;
        },
      );
      // Until the answer is there, and longer
      await setTimeout(1500);
      assert.deepEqual(slow.asked, ['good', 'good']);
      assert.deepEqual(secrets, []);
    });
  }

  test('a session whose chain is refused is dropped, and the chain of the handshake is asked about', {
    timeout,
  }, async (t) => {
    const { goodServer } = await startBoth(t, io);
    let isRevoked = false;
    const verifyCallback = async () => (isRevoked ? BadCertificate : undefined);
    const config = { ca: undefined, verifyCallback };
    const first = await connect(t, io, goodServer.port, { config });
    const { detail: session } = await once(
      first,
      events.EventQUICConnectionSession,
    );
    isRevoked = true;
    await assert.rejects(
      connect(t, io, goodServer.port, { config, session }),
      errors.ErrorQUICConnectionLocalTLS,
    );
    isRevoked = false;
    const again = await connect(t, io, goodServer.port, { config, session });
    assert.ok(again.connection.resumed);
  });

  test('a verdict on one client that comes late does not let in another one', {
    timeout,
  }, async (t) => {
    const slow = new Slow();
    slow.delay = 1500;
    const server = await startServer(t, io, {
      config: { verifyPeer: true, verifyCallback: slow.callback },
      minIdleTimeout: 1000,
    });
    let admitted = 0;
    on(server, events.EventQUICServerConnection, () => {
      admitted++;
    });
    const relay = await Relay.start(t, server.port);
    const ended: Array<Promise<void>> = [];
    // Their questions overlap with the late verdicts on those before them
    for (const credentials of [good, evil, good, evil]) {
      const client = await connect(t, io, relay.port, { config: credentials });
      ended.push(client.closedP);
      await setTimeout(400);
    }
    await Promise.all(ended);
    await until(() => slow.asked.length === 4);
    await setTimeout(2000);
    assert.equal(admitted, 0);
    // In time it counts
    slow.delay = 0;
    const { connection } = await connect(t, io, server.port, { config: good });
    await until(() => admitted === 1);
    await connection.stop();
  });

  test('a callback that throws late is no reason of another failure', {
    timeout,
  }, async (t) => {
    const late = new Error('too late');
    let fail: (e: Error) => void = () => {};
    const server = await startServer(t, io, {
      config: {
        verifyPeer: true,
        verifyCallback: () =>
          new Promise((_, reject) => {
            fail = reject;
          }),
      },
      minIdleTimeout: 500,
    });
    const failed = once(server, events.EventQUICConnectionError);
    const client = await connect(t, io, server.port, { config: good });
    const { detail } = await failed;
    fail(late);
    await client.closedP;
    assert.notEqual(detail.cause, late);
  });

  test('what is asked in time is answered although others never are', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, {
      config: {
        verifyPeer: true,
        verifyCallback: (chain) =>
          nameOf(chain) === 'good'
            ? Promise.resolve(undefined)
            : new Promise(() => {}),
      },
      onStream: serveEcho,
    });
    const stuck = await connect(t, io, server.port, { config: evil });
    const accepted = once(server, events.EventQUICServerConnection);
    const { connection } = await connect(t, io, server.port, { config: good });
    await accepted;
    await exchange(connection.newStream(), payload(1));
    await stuck.destroy({ force: true });
  });
});
