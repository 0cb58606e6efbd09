import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import {
  type CongestionControl,
  errors,
  QUICClient,
  QUICServer,
} from '@matrixai/quic';
import { type BadNetwork, worsen } from '../helpers/badNetwork.js';
import { until } from '../helpers/events.js';
import { makeFolder } from '../helpers/folders.js';
import { forEachIO } from '../helpers/io.js';
import {
  connect,
  credentials,
  pair,
  startServer,
  startSocket,
} from '../helpers/pair.js';
import { Relay } from '../helpers/relay.js';
import {
  exchange,
  MiB,
  payload,
  readAll,
  serveEcho,
  sha256,
} from '../helpers/streams.js';

const timeout = 60_000;
const bbrStates = [
  'startup',
  'drain',
  'probe_bw_down',
  'probe_bw_cruise',
  'probe_bw_refill',
  'probe_bw_up',
  'probe_rtt',
];
const otherStates = ['slow_start', 'recovery', 'congestion_avoidance'];

const networks: Record<string, BadNetwork> = {
  'loses packets': { delay: 10, loss: 0.03 },
  'reorders packets': { delay: 10, reordering: 0.05 },
  'delays packets by chance': { delay: 10, jitter: 10 },
  'doubles packets': { delay: 5, duplication: 0.05 },
  'is down at times': { delay: 5, blackouts: { every: 1000, length: 300 } },
};

forEachIO((io) => {
  for (const congestionControl of ['cubic', 'reno', 'bbr'] as const) {
    test(`a connection with ${congestionControl} says so, at either end`, {
      timeout,
    }, async (t) => {
      const { connection, serverConnection } = await pair(t, io, {
        server: { config: { congestionControl }, onStream: serveEcho },
        client: { config: { congestionControl } },
      });
      const data = payload(4 * MiB);
      const echoed = await exchange(connection.newStream(), data);
      assert.equal(sha256(echoed), sha256(data));
      const states = congestionControl === 'bbr' ? bbrStates : otherStates;
      for (const end of [connection, serverConnection]) {
        const stats = end.stats();
        assert.equal(stats.congestionControl, congestionControl);
        assert.ok(states.includes(stats.congestionState));
        assert.ok(stats.pacingRate > 10_000, `${stats.pacingRate}`);
        assert.ok(stats.congestionWindow > 4000);
      }
      await connection.stop();
      assert.equal(connection.stats().congestionControl, congestionControl);
    });
  }

  test('each end chooses for what it sends', { timeout }, async (t) => {
    const { connection, serverConnection } = await pair(t, io, {
      server: { config: { congestionControl: 'bbr' } },
      client: { config: { congestionControl: 'reno' } },
    });
    assert.equal(connection.stats().congestionControl, 'reno');
    assert.equal(serverConnection.stats().congestionControl, 'bbr');
  });

  test('Cubic is the default, and the names of WebTransport stand for others', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io);
    const names: Record<string, CongestionControl | undefined> = {
      'cubic by default': undefined,
      'cubic as the default': 'default',
      'bbr for throughput': 'throughput',
      'bbr for a low latency': 'low-latency',
    };
    for (const [name, congestionControl] of Object.entries(names)) {
      const config = { congestionControl };
      const { connection } = await connect(t, io, server.port, { config });
      assert.equal(connection.stats().congestionControl, name.split(' ')[0]);
    }
  });

  test('a configuration of a server holds for connections that come later', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io);
    server.updateConfig({ congestionControl: 'bbr' });
    const { connection } = await connect(t, io, server.port);
    assert.equal(connection.stats().congestionControl, 'cubic');
    await until(() => [...server.connections].length > 0);
    for (const accepted of server.connections) {
      assert.equal(accepted.stats().congestionControl, 'bbr');
    }
  });

  test('what is no congestion control throws at once', async () => {
    for (const congestionControl of ['BBR', 'bbr2', '', 'toString', 1, null]) {
      const config: any = { ...credentials, congestionControl };
      const check = (e: any) => {
        assert.ok(e instanceof errors.ErrorQUICConfig);
        assert.equal(e.data.option, 'config.congestionControl');
        assert.match(e.message, /one of cubic, reno, bbr/);
        return true;
      };
      assert.throws(() => new QUICServer({ io, config }), check);
      await assert.rejects(
        QUICClient.createQUICClient({
          host: '127.0.0.1',
          port: 1,
          socket: undefined,
          io,
          config,
        }),
        check,
      );
    }
  });

  for (const [what, network] of Object.entries(networks)) {
    test(`BBR gets all across a network that ${what}`, {
      timeout,
    }, async (t) => {
      const config = { congestionControl: 'bbr' } as const;
      const server = await startServer(t, io, { config, onStream: serveEcho });
      const relay = await Relay.start(t, server.port);
      const { connection } = await connect(t, io, relay.port, { config });
      worsen(t, relay, network, 1);
      const data = payload(3 * MiB);
      const echoed = await exchange(connection.newStream(), data);
      assert.equal(sha256(echoed), sha256(data));
    });
  }

  test('BBR is several times as fast where packets are lost by chance', {
    timeout,
  }, async (t) => {
    const took: Record<string, number> = {};
    for (const congestionControl of ['cubic', 'bbr'] as const) {
      const server = await startServer(t, io, {
        onStream: (stream) => void readAll(stream.readable).catch(() => {}),
      });
      const relay = await Relay.start(t, server.port);
      const config = { congestionControl };
      const { connection } = await connect(t, io, relay.port, { config });
      let seen = 0;
      relay.impairment = (datagram, forward, direction) => {
        if (direction === 'toServer' && ++seen % 50 === 0) return;
        setTimeout(() => forward(datagram), 10);
      };
      const begun = performance.now();
      const stream = connection.newStream('uni');
      const writer = stream.writable.getWriter();
      await writer.write(payload(2 * MiB));
      await writer.close();
      await until(() => server.stats().bytesReceived > 2 * MiB);
      took[congestionControl] = performance.now() - begun;
    }
    assert.ok(took.bbr * 2 < took.cubic, JSON.stringify(took));
  });

  test('BBR begins anew on another path', { timeout }, async (t) => {
    const config = { congestionControl: 'bbr' } as const;
    const server = await startServer(t, io, { config, onStream: serveEcho });
    const relay = await Relay.start(t, server.port);
    relay.impairment = (datagram, forward) =>
      setTimeout(() => forward(datagram), 10);
    const client = await connect(t, io, relay.port, {
      config,
      socket: await startSocket(t, io),
    });
    const { connection } = client;
    await exchange(connection.newStream(), payload(4 * MiB));
    assert.ok(connection.stats().congestionWindow > 100_000);
    await connection.migrate({ socket: await startSocket(t, io) });
    // What it found out about the other path says nothing of this one
    await until(() => connection.stats().congestionWindow < 50_000);
    const data = payload(4 * MiB);
    const echoed = await exchange(connection.newStream(), data);
    assert.equal(sha256(echoed), sha256(data));
    assert.ok(connection.stats().congestionWindow > 100_000);
  });

  test('a qlog has what BBR is at', { timeout }, async (t) => {
    const qlog = await makeFolder(t);
    const { connection, client } = await pair(t, io, {
      server: { onStream: serveEcho },
      client: { config: { congestionControl: 'bbr', qlog } },
    });
    await exchange(connection.newStream(), payload(MiB));
    await client.destroy({ force: true });
    const file = `${connection.connectionIdShared}_client.sqlog`;
    const text = await readFile(path.join(qlog, file), 'utf8');
    const lines = text.split('\n');
    const updates = lines.filter((l) => l.includes('congestion_state_updated'));
    assert.match(updates.join('\n'), /"startup"/);
    assert.match(text, /"congestion_window":/);
  });
});
