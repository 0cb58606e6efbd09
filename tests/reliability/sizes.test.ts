import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors } from '@matrixai/quic';
import { forEachIO } from '../helpers/io.js';
import { openStream, pair, startSocket } from '../helpers/pair.js';
import { isFull } from '../helpers/scale.js';
import { echo } from '../helpers/streams.js';

const timeout = 600_000;
const skip = !isFull && 'takes gigabytes: npm run test:reliability';

// What does not fit into 32 bits, with and without a sign. Only Node 22 and later have arrays of
// more
const sizes = [2 ** 31, 2 ** 32 + 5];

/** An array of that size, or undefined if there is none in this runtime. */
function array(size: number): Uint8Array | undefined {
  try {
    return new Uint8Array(size);
  } catch {
    return undefined;
  }
}

forEachIO((io) => {
  for (const size of sizes) {
    test(`a chunk of ${size} bytes arrives whole`, {
      timeout,
      skip,
    }, async (t) => {
      const { connection, serverConnection } = await pair(t, io);
      const data = array(size);
      if (data === undefined) return t.skip('no array is that large');
      const [stream, peerStream] = await openStream(
        connection,
        serverConnection,
        'uni',
      );
      data.set([1, 2, 3, 4, 5], size - 5);
      const writer = stream.writable.getWriter();
      const written = writer.write(data).then(() => writer.close());
      let received = 0;
      let last = Buffer.alloc(0);
      for await (const chunk of peerStream.readable) {
        received += chunk.length;
        last = Buffer.concat([last, chunk]).subarray(-5);
      }
      await written;
      assert.equal(received, size);
      assert.deepEqual([...last], [1, 2, 3, 4, 5]);
    });

    test(`a view of ${size} bytes is filled with what is there`, {
      timeout,
      skip,
    }, async (t) => {
      const { connection, serverConnection } = await pair(t, io);
      const view = array(size);
      if (view === undefined) return t.skip('no array is that large');
      const [stream, peerStream] = await openStream(
        connection,
        serverConnection,
      );
      void echo(peerStream);
      const writer = stream.writable.getWriter();
      await writer.write(Buffer.from('hello'));
      const reader = stream.readable.getReader({ mode: 'byob' });
      const { value } = await reader.read(view);
      assert.equal(Buffer.from(value!).toString(), 'hello');
      await writer.close();
      assert.equal((await reader.read(new Uint8Array(1))).done, true);
    });

    test(`a datagram of ${size} bytes is refused`, {
      timeout,
      skip,
    }, async (t) => {
      const { connection } = await pair(t, io, {
        client: { config: { enableDgram: [true, 0, 0] } },
        server: { config: { enableDgram: [true, 0, 0] } },
      });
      const socket = await startSocket(t, io);
      const data = array(size);
      if (data === undefined) return t.skip('no array is that large');
      await assert.rejects(socket.send(data, 4433, '127.0.0.1'), {
        code: 'EMSGSIZE',
      });
      const writer = connection.datagrams.writable.getWriter();
      await assert.rejects(
        writer.write(data),
        errors.ErrorQUICDatagramsTooLarge,
      );
    });
  }
});
