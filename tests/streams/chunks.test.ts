import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events, type QUICStream } from '@matrixai/quic';
import { once } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { ends, openStream, sides } from '../helpers/pair.js';
import { KiB } from '../helpers/streams.js';

const timeout = 30_000;

/** The ways in which a readable gives chunks to those that bring no buffers. */
const ways: Record<
  string,
  (readable: QUICStream['readable'], use: (chunk: unknown) => void) => unknown
> = {
  reader: async (readable, use) => {
    const reader = readable.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      use(value);
    }
  },
  loop: async (readable, use) => {
    for await (const chunk of readable) use(chunk);
  },
  pipe: (readable, use) => readable.pipeTo(new WritableStream({ write: use })),
  transform: async (readable, use) => {
    for await (const chunk of readable.pipeThrough(new TransformStream())) {
      use(chunk);
    }
  },
  tee: async (readable, use) => {
    const [one, other] = readable.tee();
    await Promise.all([ways.loop(one, use), ways.loop(other, () => {})]);
  },
};

forEachIO((io) => {
  for (const [name, read] of Object.entries(ways)) {
    for (const size of [5, 5 * KiB, 300 * KiB]) {
      test(`chunks of ${size} bytes are Buffers by a ${name}`, {
        timeout,
      }, async (t) => {
        const { local, peer } = await ends(t, io, 'client');
        const arrived = once(peer, events.EventQUICConnectionStream);
        const stream = local.newStream();
        const writer = stream.writable.getWriter();
        const text = 'That is text'.repeat(size / 12 + 1).slice(0, size);
        const writing = writer.write(Buffer.from(text));
        let got = '';
        const { detail: peerStream } = await arrived;
        const reading = read(peerStream.readable, (chunk) => {
          assert.ok(Buffer.isBuffer(chunk));
          got += chunk.toString();
        });
        await writing;
        await writer.close();
        await reading;
        assert.equal(got, text);
      });
    }
  }

  test('a reader that brings a buffer gets a view of it, also after and before a pipe', {
    timeout,
  }, async (t) => {
    const { local, peer } = await ends(t, io, 'client');
    const [stream, { readable }] = await openStream(local, peer);
    const writer = stream.writable.getWriter();
    const pipeOne = async () => {
      const controller = new AbortController();
      let chunk: unknown;
      const pipe = readable.pipeTo(
        new WritableStream({
          write: (value) => {
            chunk = value;
            controller.abort();
          },
        }),
        { signal: controller.signal, preventCancel: true },
      );
      await writer.write(Buffer.from('piped'));
      await assert.rejects(pipe);
      assert.ok(Buffer.isBuffer(chunk));
      assert.equal(chunk.toString(), 'piped');
    };
    for (let i = 0; i < 2; i++) {
      await pipeOne();
      const reader = readable.getReader({ mode: 'byob' });
      const reading = reader.read(new Uint8Array(new ArrayBuffer(100), 10, 20));
      await writer.write(Buffer.from('brought'));
      const { value } = await reading;
      assert.equal(value?.constructor, Uint8Array);
      assert.equal(value.buffer.byteLength, 100);
      assert.equal(Buffer.from(value).toString(), 'brought');
      reader.releaseLock();
    }
  });

  test('datagrams are Buffers', { timeout }, async (t) => {
    const config = {
      enableDgram: [true, 100, 100] as [boolean, number, number],
    };
    const { connection, serverConnection } = await ends(t, io, 'client', {
      server: { config },
      client: { config },
    });
    for (const read of ['reader', 'pipe'] as const) {
      const writer = connection.datagrams.writable.getWriter();
      const controller = new AbortController();
      const got = new Promise<unknown>((resolve) => {
        const { readable } = serverConnection.datagrams;
        if (read === 'reader') {
          const reader = readable.getReader();
          void reader.read().then(({ value }) => {
            reader.releaseLock();
            resolve(value);
          });
        } else {
          readable
            .pipeTo(new WritableStream({ write: resolve }), {
              signal: controller.signal,
              preventCancel: true,
            })
            .catch(() => {});
        }
      });
      await writer.write(Buffer.from('datagram'));
      writer.releaseLock();
      const datagram = await got;
      controller.abort();
      assert.ok(Buffer.isBuffer(datagram));
      assert.equal(datagram.toString(), 'datagram');
      assert.equal(datagram.buffer.byteLength, 8);
    }
  });

  for (const opener of sides) {
    for (const size of [10, 3_000]) {
      test(`what a stream of the ${opener} begins with, and writes of ${size} bytes that were waited for, are not joined on the way`, {
        timeout,
      }, async (t) => {
        const { local, peer } = await ends(t, io, opener);
        for (const isAwaited of [true, false]) {
          const arrived = once(peer, events.EventQUICConnectionStream);
          const stream = local.newStream();
          const writer = stream.writable.getWriter();
          const lengths = [size, size + 1, size + 2];
          const writing = (async () => {
            for (const length of lengths) {
              const written = writer.write(new Uint8Array(length));
              if (isAwaited) await written;
            }
            await writer.close();
          })();
          const { detail } = await arrived;
          const ends = new Set<number>();
          let received = 0;
          for await (const chunk of detail.readable) {
            received += chunk.byteLength;
            ends.add(received);
          }
          await writing;
          await detail.writable.close();
          assert.equal(received, 3 * size + 3);
          assert.ok(ends.has(size), 'the first write ends a chunk');
          if (isAwaited) assert.ok(ends.has(2 * size + 1), 'the second does');
        }
      });
    }
  }
});
