import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { errors, events, type QUICStream } from '@matrixai/quic';
import { on, once } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { ends, sides } from '../helpers/pair.js';
import { KiB } from '../helpers/streams.js';

const timeout = 60_000;
const rounds = 50;
const reason = new Error('enough');

type Reader = ReadableStreamDefaultReader<Uint8Array>;
type Writer = WritableStreamDefaultWriter<Uint8Array>;
type End = { stream: QUICStream; reader: Reader; writer: Writer };

function end(stream: QUICStream): End {
  const reader = stream.readable.getReader() as Reader;
  const writer = stream.writable.getWriter() as Writer;
  writer.closed.catch(() => {});
  writer.ready.catch(() => {});
  return { stream, reader, writer };
}

/** Reads that many bytes. */
async function read(reader: Reader, size: number): Promise<void> {
  for (let received = 0; received < size; ) {
    const { done, value } = await reader.read();
    assert.ok(!done, `the end came after ${received} of ${size} bytes`);
    received += value.byteLength;
  }
}

/** What the end that answers does after its answer, or before. */
const answers: Record<
  string,
  (end: End, answer: Uint8Array) => Promise<unknown>
> = {
  'stops reading before it closes': async ({ reader, writer }, answer) => {
    await writer.write(answer);
    void reader.cancel(reason);
    await writer.close();
  },
  'stops reading in the turn of the write': async (
    { reader, writer },
    answer,
  ) => {
    const written = writer.write(answer);
    await Promise.all([written, reader.cancel(reason), writer.close()]);
  },
  'stops reading after it has closed': async ({ reader, writer }, answer) => {
    await writer.write(answer);
    await writer.close();
    await reader.cancel(reason);
  },
  'stops reading before it writes': async ({ reader, writer }, answer) => {
    void reader.cancel(reason);
    await writer.write(answer);
    await writer.close();
  },
  'is destroyed when it has closed': async ({ stream, writer }, answer) => {
    await writer.write(answer);
    await writer.close();
    await stream.destroy({ force: true, reason });
  },
};

forEachIO((io) => {
  for (const opener of sides) {
    for (const size of [10, 100 * KiB]) {
      for (const [name, answer] of Object.entries(answers)) {
        test(`an answer of ${size} bytes is read, and a close succeeds, when the peer of a stream of the ${opener} ${name}`, {
          timeout,
        }, async (t) => {
          const { local, peer } = await ends(t, io, opener);
          for (let i = 0; i < rounds; i++) {
            const arrived = once(peer, events.EventQUICConnectionStream);
            const { stream, reader, writer } = end(local.newStream());
            await writer.write(new Uint8Array(5));
            const { detail } = await arrived;
            const peerEnd = end(detail);
            await read(peerEnd.reader, 5);
            const answering = answer(peerEnd, new Uint8Array(size));
            await read(reader, size);
            await writer.close();
            await answering;
            assert.ok((await reader.read()).done);
            await Promise.all([stream.closedP, detail.closedP]);
          }
        });
      }
    }

    test(`answers on streams of the ${opener} come before a stop, also to a thread that is behind`, {
      timeout,
    }, async (t) => {
      const { local, peer } = await ends(t, io, opener);
      on(peer, events.EventQUICConnectionStream, ({ detail }) => {
        const arrived = end(detail);
        void read(arrived.reader, 5).then(() =>
          answers['stops reading after it has closed'](
            arrived,
            new Uint8Array(10),
          ),
        );
      });
      const ask = async () => {
        const stream = local.newStream();
        const { readable, writable } = new TransformStream<Uint8Array>();
        // A pipe is over once it fails, even if nothing is left to send
        const piped = readable.pipeTo(stream.writable);
        const writer = writable.getWriter();
        await writer.write(new Uint8Array(5));
        await read(stream.readable.getReader() as Reader, 10);
        const until = performance.now() + 5;
        while (performance.now() < until);
        await writer.close();
        await piped;
      };
      await Promise.all(Array.from({ length: rounds }, ask));
    });

    test(`what a reader waits for comes before a reset of a stream of the ${opener} and a stop`, {
      timeout,
    }, async (t) => {
      const { local, peer } = await ends(t, io, opener);
      const arrived = once(peer, events.EventQUICConnectionStream);
      const { stream, reader, writer } = end(local.newStream());
      await writer.write(new Uint8Array(5));
      const { detail } = await arrived;
      const peerEnd = end(detail);
      await read(peerEnd.reader, 5);
      const reading = read(reader, 10).then(() => writer.close());
      await peerEnd.writer.write(new Uint8Array(10));
      await reading;
      detail.cancel(reason);
      await assert.rejects(reader.read());
      await stream.closedP;
    });

    test(`a peer that reads no more stops writes to a stream of the ${opener}, but a close with nothing left to send succeeds once`, {
      timeout,
    }, async (t) => {
      const { local, peer } = await ends(t, io, opener);
      for (const writes of [false, true]) {
        const arrived = once(peer, events.EventQUICConnectionStream);
        const { stream, writer } = end(local.newStream());
        await writer.write(new Uint8Array(5));
        const { detail } = await arrived;
        const stopped = once(stream, events.EventQUICStreamCloseWrite);
        await detail.readable.cancel(reason);
        const { detail: error } = await stopped;
        assert.ok(error instanceof errors.ErrorQUICStreamPeerWrite);
        await assert.rejects(writer.closed);
        if (writes) await assert.rejects(writer.write(new Uint8Array(1)));
        else await writer.close();
        await assert.rejects(writer.close());
        await detail.writable.close();
        stream.cancel();
      }
    });

    test(`a close with something left to send on a stream of the ${opener} rejects when the peer reads no more`, {
      timeout,
    }, async (t) => {
      const { local, peer } = await ends(t, io, opener);
      const arrived = once(peer, events.EventQUICConnectionStream);
      const { writer } = end(local.newStream());
      await writer.write(new Uint8Array(5));
      const { detail } = await arrived;
      // More than the windows hold
      void writer.write(new Uint8Array(8 * 1024 * KiB)).catch(() => {});
      const closing = assert.rejects(writer.close());
      await setTimeout(50);
      await detail.readable.cancel(reason);
      await closing;
    });

    test(`a peer of a stream of the ${opener} that does not read does not hold back that nothing more is wanted of it`, {
      timeout,
    }, async (t) => {
      const { local, peer } = await ends(t, io, opener);
      const arrived = once(peer, events.EventQUICConnectionStream);
      const { reader, writer } = end(local.newStream());
      await writer.write(new Uint8Array(5));
      const { detail } = await arrived;
      void writer.write(new Uint8Array(8 * 1024 * KiB)).catch(() => {});
      const peerWriter = detail.writable.getWriter();
      const written = peerWriter.write(new Uint8Array(8 * 1024 * KiB));
      const stopped = assert.rejects(written);
      await reader.cancel(reason);
      await stopped;
    });
  }
});
