import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, type QUICStream } from '@matrixai/quic';
import { type BadNetwork, worsen } from '../helpers/badNetwork.js';
import { forEachIO } from '../helpers/io.js';
import { connect, startServer } from '../helpers/pair.js';
import { seed } from '../helpers/random.js';
import { Relay } from '../helpers/relay.js';
import { isFull } from '../helpers/scale.js';
import {
  exchange,
  MiB,
  payload,
  serveEcho,
  sha256,
} from '../helpers/streams.js';

const timeout = 60_000;
const size = isFull ? 16 * MiB : MiB / 2;

const networks: Record<string, BadNetwork> = {
  loss: { loss: 0.05 },
  duplication: { duplication: 0.2 },
  reordering: { reordering: 0.05 },
  corruption: { corruption: 0.02 },
  truncation: { truncation: 0.02 },
  delay: { delay: 5 },
  jitter: { jitter: 10 },
  'a small MTU': { mtu: 1250 },
  blackouts: { blackouts: { every: 1000, length: 200 } },
  rebinding: { rebinding: 200 },
  'all of it': {
    loss: 0.05,
    duplication: 0.05,
    reordering: 0.05,
    corruption: 0.05,
    truncation: 0.05,
    delay: 1,
    jitter: 2,
    mtu: 1250,
    blackouts: { every: 2000, length: 100 },
    rebinding: 5000,
  },
};

forEachIO((io) => {
  for (const [name, network] of Object.entries(networks)) {
    test(`what is echoed over a network with ${name} is what was sent`, {
      timeout: 2 * timeout,
    }, async (t) => {
      t.diagnostic(`SEED=${seed}`);
      const server = await startServer(t, io, { onStream: serveEcho });
      const relay = await Relay.start(t, server.port);
      worsen(t, relay, network, seed);
      const data = payload(size, seed);
      const { connection } = await connect(t, io, relay.port, {
        config: { maxIdleTimeout: 10_000 },
      });
      // What takes longer has to end in a typed error
      const stream: QUICStream = connection.newStream('bidi', {
        signal: AbortSignal.timeout(timeout),
      });
      const echoed = await exchange(stream, data).catch((e) => {
        assert.ok(isTyped(e), `SEED=${seed}: ${e}`);
        t.diagnostic(`ended with ${e.name}: ${e.message}`);
      });
      if (echoed !== undefined) assert.equal(sha256(echoed), sha256(data));
    });
  }
});

function isTyped(e: unknown): boolean {
  return (
    e instanceof errors.ErrorQUIC ||
    (e instanceof DOMException && e.name === 'TimeoutError')
  );
}
