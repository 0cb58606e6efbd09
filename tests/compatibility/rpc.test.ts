import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { errors, events } from '@matrixai/quic';
import { on, until } from '../helpers/events.js';
import { forEachIO, type IO } from '../helpers/io.js';
import { pair } from '../helpers/pair.js';
import { clientOf, hang, Service, scenarios } from '../helpers/rpc.js';

const timeout = 60_000;

async function setup(t: TestContext, io: IO) {
  const service = new Service();
  await service.start();
  const made = await pair(t, io, {
    server: { onStream: (stream) => service.handle(stream) },
  });
  return { ...made, service, rpc: clientOf(made.connection) };
}

/** Keeps every core busy four times over while a function runs. */
async function withBusyCores(use: () => Promise<void>): Promise<void> {
  const spin = 'for (;;);';
  const workers = Array.from(
    { length: 4 * availableParallelism() },
    () => new Worker(spin, { eval: true }),
  );
  await use().finally(() =>
    Promise.all(workers.map((worker) => worker.terminate())),
  );
}

/** Collects what is rejected and not handled. */
function unhandled(t: TestContext): Array<unknown> {
  const reasons: Array<unknown> = [];
  const listener = (reason: unknown) => reasons.push(reason);
  process.on('unhandledRejection', listener);
  t.after(() => process.off('unhandledRejection', listener));
  return reasons;
}

forEachIO((io) => {
  for (const [name, run] of Object.entries(scenarios)) {
    test(`@matrixai/rpc: ${name}`, { timeout }, async (t) => {
      const reasons = unhandled(t);
      const { rpc, service, connection, serverConnection } = await setup(t, io);
      await run(rpc);
      await until(
        () => connection.streamMap.size + serverConnection.streamMap.size === 0,
      );
      await service.stop();
      assert.deepEqual(reasons, []);
    });
  }

  test('@matrixai/rpc: calls at once when the machine is busy', {
    timeout,
  }, async (t) => {
    const { rpc, service } = await setup(t, io);
    await withBusyCores(async () => {
      await scenarios['90 unary calls at once'](rpc);
    });
    await service.stop();
  });

  test('@matrixai/rpc: calls that are aborted reject with the reason, and others go on', {
    timeout,
  }, async (t) => {
    const reasons = unhandled(t);
    const { rpc, service, connection, serverConnection } = await setup(t, io);
    const controller = new AbortController();
    const aborted = await hang(service, rpc, 10, controller.signal);
    const other = rpc.methods.double({ n: 1 });
    const reason = new Error('enough');
    controller.abort(reason);
    for (const call of aborted) assert.equal(await call, reason);
    assert.equal((await other).n, 2);
    await scenarios['90 unary calls at once'](rpc);
    await until(
      () => connection.streamMap.size + serverConnection.streamMap.size === 0,
    );
    await service.stop();
    assert.deepEqual(reasons, []);
  });

  for (const side of ['client', 'server'] as const) {
    test(`@matrixai/rpc: calls end with the connection when the ${side} is closed by force`, {
      timeout,
    }, async (t) => {
      const reasons = unhandled(t);
      const { rpc, service, client, server, serverConnection } = await setup(
        t,
        io,
      );
      let ended = 0;
      on(serverConnection, events.EventQUICStreamDestroyed, () => ended++);
      const calls = await hang(service, rpc, 10);
      if (side === 'client') await client.destroy({ force: true });
      else await server.stop({ force: true });
      for (const call of calls) {
        const error = await call;
        assert.ok(error instanceof errors.ErrorQUICConnection, `${error}`);
      }
      await serverConnection.closedP;
      await until(() => ended === 10);
      await service.stop();
      assert.deepEqual(reasons, []);
    });
  }
});
