import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { events, type QUICStream } from '@matrixai/quic';
import { isPending, on, until } from '../helpers/events.js';
import { forEachIO, type IO } from '../helpers/io.js';
import { ends, openStream, pair, sides } from '../helpers/pair.js';
import {
  exchange,
  KiB,
  MiB,
  payload,
  readAll,
  serveEcho,
  sha256,
  writeAll,
} from '../helpers/streams.js';

const timeout = 60_000;

// Most of those that a peer may open by default
const streams = 80;

const windows = {
  initialMaxStreamDataBidiLocal: MiB,
  initialMaxStreamDataBidiRemote: MiB,
  maxStreamWindow: MiB,
  initialMaxData: 4 * MiB,
  maxConnectionWindow: 4 * MiB,
};

// The stream window, and what the buffers of both ends hold besides
const bound = MiB + 4 * MiB;

type Setup = {
  /** The stream to fill, and the peer's end of it. */
  stream: QUICStream;
  peerStream: QUICStream;
  /** Sends a byte over another stream and waits until it is back. */
  roundTrip: () => Promise<void>;
};

async function setup(
  t: TestContext,
  io: IO,
  from: 'client' | 'server',
): Promise<Setup> {
  const { connection, serverConnection } = await pair(t, io, {
    server: { config: windows },
    client: { config: windows },
  });
  const [clock, clockPeer] = await openStream(connection, serverConnection);
  serveEcho(clockPeer);
  const writer = clock.writable.getWriter();
  const reader = clock.readable.getReader();
  const ends = await openStream(connection, serverConnection);
  const [stream, peerStream] = from === 'client' ? ends : ends.toReversed();
  return {
    stream,
    peerStream,
    async roundTrip() {
      await writer.write(new Uint8Array(1));
      await reader.read();
    },
  };
}

/** Waits until a count has not changed during 50 round trips. */
async function stalled(
  count: () => number,
  roundTrip: Setup['roundTrip'],
): Promise<void> {
  let last = -1;
  while (last !== count()) {
    last = count();
    for (let i = 0; i < 50; i++) await roundTrip();
  }
}

forEachIO((io) => {
  for (const from of ['client', 'server'] as const) {
    test(`a reader that does not read stops the writer of the ${from}, and memory stays bounded`, {
      timeout,
    }, async (t) => {
      const { stream, peerStream, roundTrip } = await setup(t, io, from);
      const total = 64 * MiB;
      const chunk = payload(64 * KiB);
      const rssBefore = process.memoryUsage().rss;
      let accepted = 0;
      const write = async () => {
        const writer = stream.writable.getWriter();
        while (accepted < total) {
          await writer.ready;
          writer.write(chunk).catch(() => {});
          accepted += chunk.length;
        }
        await writer.close();
      };
      const written = write();

      await stalled(() => accepted, roundTrip);
      assert.ok(accepted > 0 && accepted < bound, `accepted ${accepted} bytes`);

      let received = 0;
      let ahead = 0;
      let rss = process.memoryUsage().rss;
      for await (const { length } of peerStream.readable) {
        received += length;
        ahead = Math.max(ahead, accepted - received);
        // A call to the kernel, so not for every chunk
        if (received % (64 * KiB) < length) {
          rss = Math.max(rss, process.memoryUsage.rss());
        }
      }
      await written;
      assert.equal(received, total);
      assert.ok(ahead < bound, `the writer was ${ahead} bytes ahead`);
      const growth = rss - rssBefore;
      assert.ok(growth < total / 2, `memory grew by ${growth} bytes`);
    });
  }

  test('ready and desiredSize tell whether the stream takes more', {
    timeout,
  }, async (t) => {
    const { stream, peerStream, roundTrip } = await setup(t, io, 'client');
    const writer = stream.writable.getWriter();
    assert.ok(writer.desiredSize! > 0);
    assert.ok(!(await isPending(writer.ready)));

    let full = false;
    let written = 0;
    const fill = async () => {
      const chunk = payload(64 * KiB);
      for (;;) {
        await writer.ready;
        if (full) return;
        writer.write(chunk).catch(() => {});
        written += chunk.length;
      }
    };
    const filled = fill();
    await stalled(() => written, roundTrip);
    full = true;
    assert.ok(written < bound, `accepted ${written} bytes`);
    assert.ok(writer.desiredSize! <= 0);
    assert.ok(await isPending(writer.ready));

    const reader = peerStream.readable.getReader();
    let received = 0;
    while (received < written) {
      const { value } = await reader.read();
      received += value!.length;
    }
    await filled;
    assert.ok(writer.desiredSize! > 0);
    await writer.close();
    assert.equal(writer.desiredSize, 0);
    assert.equal((await reader.read()).done, true);
  });

  test('a stream that is not read does not hold up the others', {
    timeout,
  }, async (t) => {
    const { stream, peerStream, roundTrip } = await setup(t, io, 'client');
    const writer = stream.writable.getWriter();
    const write = writer.write(payload(16 * MiB));
    for (let i = 0; i < 200; i++) await roundTrip();
    assert.ok(await isPending(write));
    const failed = assert.rejects(write);
    await peerStream.readable.cancel();
    await failed;
  });

  for (const opener of sides) {
    test(`streams that nobody reads hold up no other one, opened by the ${opener}`, {
      timeout,
    }, async (t) => {
      const { local, peer } = await ends(t, io, opener);
      const unread: Array<QUICStream> = [];
      on(peer, events.EventQUICConnectionStream, ({ detail }) => {
        if (unread.length < streams) unread.push(detail);
        else serveEcho(detail);
      });
      const data = payload((3 * MiB) / 2);
      const writes = Array.from({ length: streams }, (_, i) =>
        writeAll(local.newStream(i % 2 ? 'uni' : 'bidi').writable, data),
      );
      await until(() => unread.length === streams);
      // As much as windows let through has come when these are back
      for (let i = 0; i < 10; i++) {
        const back = await exchange(local.newStream(), data);
        assert.equal(sha256(back), sha256(data));
      }
      assert.equal(unread.length, streams);
      for (const { readable } of unread) {
        assert.equal(sha256(await readAll(readable)), sha256(data));
      }
      await Promise.all(writes);
    });
  }

  test('streams that are not read any more hold up no other one', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io);
    const data = payload(12 * MiB);
    const left: Array<[Promise<void>, () => Promise<Buffer>]> = [];
    for (let i = 0; i < 12; i++) {
      const [stream, peerStream] = await openStream(
        connection,
        serverConnection,
        'uni',
      );
      const written = writeAll(stream.writable, data);
      const reader = peerStream.readable.getReader();
      const chunks: Array<Uint8Array> = [];
      let length = 0;
      while (length < 6 * MiB) {
        const { value } = await reader.read();
        chunks.push(value!);
        length += value!.length;
      }
      reader.releaseLock();
      left.push([
        written,
        async () =>
          Buffer.concat([...chunks, await readAll(peerStream.readable)]),
      ]);
    }
    on(serverConnection, events.EventQUICConnectionStream, ({ detail }) =>
      serveEcho(detail),
    );
    for (let i = 0; i < 10; i++) {
      await exchange(connection.newStream(), payload(MiB));
    }
    for (const [written, rest] of left) {
      assert.equal(sha256(await rest()), sha256(data));
      await written;
    }
  });

  test('a window that was set counts what nobody reads', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io, {
      server: { config: { initialMaxData: 4 * MiB, maxConnectionWindow: 0 } },
    });
    const unread: Array<QUICStream> = [];
    let read = (stream: QUICStream): unknown => unread.push(stream);
    on(serverConnection, events.EventQUICConnectionStream, ({ detail }) =>
      detail.type === 'uni' ? read(detail) : serveEcho(detail),
    );
    const data = payload(2 * MiB);
    const written = Array.from({ length: 20 }, () =>
      writeAll(connection.newStream('uni').writable, data),
    );
    // The window and what is read ahead are 8 MiB, of which some is not worth a MAX_DATA frame
    await until(() => serverConnection.stats().bytesReceived > 6 * MiB);
    const answered = exchange(connection.newStream(), payload(MiB));
    assert.ok(await isPending(answered));
    read = ({ readable }) => readAll(readable).catch(() => {});
    unread.forEach(read);
    await Promise.all([...written, answered]);
  });
});
