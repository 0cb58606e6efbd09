import assert from 'node:assert/strict';
import { test } from 'node:test';
import { native } from '@matrixai/quic';
import { forEachIO } from '../helpers/io.js';
import { pair } from '../helpers/pair.js';
import { clientOf, keepCalling, Service } from '../helpers/rpc.js';
import { isFull } from '../helpers/scale.js';
import { MiB } from '../helpers/streams.js';

const timeout = 500_000;
const calls = isFull ? 20_000 : 800;

forEachIO((io) => {
  test('calls of @matrixai/rpc, 32 at once, need no more memory with time', {
    timeout,
  }, async (t) => {
    const service = new Service();
    await service.start();
    const { connection } = await pair(t, io, {
      server: { onStream: (stream) => service.handle(stream) },
    });
    const client = clientOf(connection);
    await keepCalling(client, calls / 4);
    const before = native.debugStats();
    await keepCalling(client, calls);
    const after = native.debugStats();
    assert.ok(after.streams <= before.streams + 2, `${after.streams} streams`);
    assert.ok(
      after.goHeap < before.goHeap + 16 * MiB,
      `${before.goHeap} bytes became ${after.goHeap}`,
    );
    await service.stop();
  });
});
