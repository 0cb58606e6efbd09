import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  ReadableStream,
  TransformStream,
  WritableStream,
  type WritableStreamDefaultWriter,
} from 'node:stream/web';
import { type TestContext, test } from 'node:test';
import { errors, type QUICStream } from '@matrixai/quic';
import { forEachIO, type IO } from '../helpers/io.js';
import { ends, openStream, type Side, sides } from '../helpers/pair.js';
import {
  echo,
  KiB,
  MiB,
  payload,
  readAll,
  serveEcho,
  sha256,
  writeAll,
} from '../helpers/streams.js';

const timeout = 30_000;

async function open(
  t: TestContext,
  io: IO,
  opener: Side = 'client',
): Promise<[QUICStream, QUICStream]> {
  const { local, peer } = await ends(t, io, opener);
  return openStream(local, peer);
}

/** A source of bytes in chunks. */
function source(data: Uint8Array, chunkSize: number): ReadableStream {
  let offset = 0;
  return new ReadableStream({
    pull(controller) {
      if (offset < data.length) {
        controller.enqueue(data.subarray(offset, offset + chunkSize));
        offset += chunkSize;
      } else {
        controller.close();
      }
    },
  });
}

forEachIO((io) => {
  for (const opener of sides) {
    test(`2 MiB are piped through a stream of the ${opener}`, {
      timeout,
    }, async (t) => {
      const [stream, peerStream] = await open(t, io, opener);
      const data = payload(2 * MiB);
      const chunks: Array<Uint8Array> = [];
      let isClosed = false;
      const collecting = new WritableStream<Uint8Array>({
        write(chunk) {
          chunks.push(chunk);
        },
        close() {
          isClosed = true;
        },
      });
      const [hash] = await Promise.all([
        echo(peerStream),
        source(data, 10_000).pipeTo(stream.writable),
        stream.readable.pipeTo(collecting),
      ]);
      assert.equal(hash, sha256(data));
      assert.equal(sha256(Buffer.concat(chunks)), sha256(data));
      assert.ok(isClosed);
      await Promise.all([stream.closedP, peerStream.closedP]);
    });
  }

  test('a stream is the pair of pipeThrough(), and its readable goes through a transform', {
    timeout,
  }, async (t) => {
    const [stream, peerStream] = await open(t, io);
    const inverted = peerStream.readable.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) =>
          controller.enqueue(chunk.map((byte) => ~byte)),
      }),
    );
    const back = inverted.pipeTo(peerStream.writable);
    const data = payload(MiB);
    const received = await readAll(source(data, 30_000).pipeThrough(stream));
    await back;
    assert.equal(sha256(received), sha256(data.map((byte) => ~byte)));
  });

  test('both branches of tee() get all bytes', { timeout }, async (t) => {
    const [stream, peerStream] = await open(t, io);
    const data = payload(MiB);
    const branches = peerStream.readable.tee();
    const written = writeAll(stream.writable, data);
    const [first, second] = await Promise.all(branches.map(readAll));
    await written;
    assert.equal(sha256(first), sha256(data));
    assert.equal(sha256(second), sha256(data));
  });

  test('a pipe that is given up by its signal ends at both ends', {
    timeout,
  }, async (t) => {
    const [stream, peerStream] = await open(t, io);
    const pipe = new AbortController();
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(payload(64 * KiB)),
    });
    const reason = new Error('no more');
    const piped = assert.rejects(
      endless.pipeTo(stream.writable, { signal: pipe.signal }),
      (error) => error === reason,
    );
    let received = 0;
    const read = async () => {
      for await (const chunk of peerStream.readable) {
        received += chunk.length;
        if (received > 4 * MiB) pipe.abort(reason);
      }
    };
    await assert.rejects(read(), Error);
    await piped;
    assert.ok(received > 4 * MiB);
    assert.ok(stream.writeClosed && peerStream.readClosed);
  });

  for (const [name, make, bytes] of [
    ['Uint16Array', (buffer) => new Uint16Array(buffer, 8, 500), 2],
    ['Float64Array', (buffer) => new Float64Array(buffer, 8, 500), 8],
    ['DataView', (buffer) => new DataView(buffer, 8, 500), 1],
  ] as Array<[string, (buffer: ArrayBuffer) => ArrayBufferView, number]>) {
    test(`a BYOB reader fills a ${name}`, { timeout }, async (t) => {
      const [stream, peerStream] = await open(t, io);
      const data = payload(128 * KiB);
      const written = writeAll(stream.writable, data, 999);
      const reader = peerStream.readable.getReader({ mode: 'byob' });
      const received: Array<Uint8Array> = [];
      let buffer = new ArrayBuffer(8 + 500 * 8);
      for (;;) {
        const { done, value } = await reader.read(make(buffer) as Uint8Array);
        buffer = value!.buffer as ArrayBuffer;
        const { byteOffset, byteLength } = value!;
        assert.equal(byteOffset, 8);
        assert.equal(byteLength % bytes, 0);
        received.push(
          new Uint8Array(buffer.slice(byteOffset, byteOffset + byteLength)),
        );
        if (done) break;
      }
      await written;
      assert.equal(sha256(Buffer.concat(received)), sha256(data));
    });
  }

  test('an end within an element is an error of that reader, and the stream is closed', {
    timeout,
  }, async (t) => {
    const [stream, peerStream] = await open(t, io);
    const reader = peerStream.readable.getReader({ mode: 'byob' });
    const read = assert.rejects(
      reader.read(new Uint32Array(10) as ArrayBufferView as Uint8Array),
      TypeError,
    );
    const writer = stream.writable.getWriter();
    await writer.write(new Uint8Array(3));
    await writer.close();
    await read;
    await peerStream.writable.close();
    await readAll(stream.readable);
    await Promise.all([stream.closedP, peerStream.closedP]);
  });

  test('a write of no bytes sends nothing', { timeout }, async (t) => {
    const [stream, peerStream] = await open(t, io);
    const writer = stream.writable.getWriter();
    const reader = peerStream.readable.getReader();
    const read = reader.read();
    for (const nothing of [
      new Uint8Array(0),
      Buffer.alloc(0),
      new ArrayBuffer(0),
      new DataView(new ArrayBuffer(10), 10),
    ]) {
      await writer.write(nothing as Uint8Array);
    }
    await writer.write(Buffer.from('something'));
    assert.equal(Buffer.from((await read).value!).toString(), 'something');
    await writer.write(new Uint8Array(0));
    await writer.close();
    assert.deepEqual(await reader.read(), { done: true, value: undefined });
  });

  test('all kinds of views and buffers send their bytes', {
    timeout,
  }, async (t) => {
    const [stream, peerStream] = await open(t, io);
    const received = readAll(peerStream.readable);
    const writer = stream.writable.getWriter();
    const sent: Array<Uint8Array> = [];
    // Small ones are collected for a turn, large ones are not
    for (const size of [64, 20 * KiB]) {
      const { buffer } = new Uint8Array(payload(size));
      const shared = new SharedArrayBuffer(size);
      new Uint8Array(shared).set(new Uint8Array(buffer));
      for (const [chunk, start, end] of [
        [buffer, 0, size],
        [new DataView(buffer, 3, 21), 3, 24],
        [new Uint16Array(buffer, 4, 10), 4, 24],
        [new Float64Array(buffer, 8, 4), 8, 40],
        [new Uint8ClampedArray(buffer, 1), 1, size],
        [Buffer.from(buffer, 5, 32), 5, 37],
        [new Uint8Array(buffer, 0, 32), 0, 32],
        [new Uint8Array(shared), 0, size],
        [new Uint8Array(shared, 7, 20), 7, 27],
        [new DataView(shared, 2), 2, size],
      ] as Array<[ArrayBuffer | ArrayBufferView, number, number]>) {
        await writer.write(chunk as Uint8Array);
        sent.push(new Uint8Array(buffer.slice(start, end)));
      }
    }
    // It is copied, not taken over
    assert.ok(sent.every(({ length }) => length > 0));
    await writer.close();
    assert.equal(sha256(await received), sha256(Buffer.concat(sent)));
  });

  test('a shared buffer alone is no chunk', { timeout }, async (t) => {
    const [stream] = await open(t, io);
    const writer = stream.writable.getWriter();
    await assert.rejects(
      writer.write(new SharedArrayBuffer(10) as any),
      errors.ErrorQUICOptionInvalid,
    );
  });

  test('a buffer can be used again once its write is done', {
    timeout,
  }, async (t) => {
    const [stream, peerStream] = await open(t, io);
    serveEcho(peerStream);
    const received = readAll(stream.readable);
    const writer = stream.writable.getWriter();
    const sent: Array<Uint8Array> = [];
    // Below and above all limits at which a write takes another way
    for (const size of [10, 4 * KiB, 5 * KiB, 64 * KiB, 100 * KiB, MiB]) {
      for (let i = 0; i < 4; i++) {
        const data = payload(size, i);
        sent.push(Buffer.from(data));
        await writer.write(data);
        data.fill(0);
      }
    }
    await writer.close();
    assert.equal(sha256(await received), sha256(Buffer.concat(sent)));
  });

  for (const isPiped of [false, true]) {
    test(`a chunk of 40 MiB arrives whole, ${isPiped ? 'through a pipe' : 'with another one behind it'}`, {
      timeout,
    }, async (t) => {
      const [stream, peerStream] = await open(t, io);
      const data = payload(40 * MiB + 5);
      const hash = hashOf(peerStream);
      if (isPiped) {
        await source(data, data.length).pipeTo(stream.writable);
      } else {
        const writer = stream.writable.getWriter();
        const writes = [
          writer.write(data.subarray(0, data.length - 5)),
          writer.write(data.subarray(-5)),
        ];
        await Promise.all([...writes, writer.close()]);
      }
      assert.equal(await hash, sha256(data));
    });
  }

  test('a large chunk whose write waits ends with the stream, however that ends', {
    timeout,
  }, async (t) => {
    const { local, peer } = await ends(t, io, 'client');
    const reason = new Error('enough');
    const isReason = (error: unknown) => error === reason;
    for (const end of [
      (stream: QUICStream) => stream.cancel(reason),
      (stream: QUICStream) => stream.destroy({ reason }),
      (_: QUICStream, writer: WritableStreamDefaultWriter) =>
        writer.abort(reason),
    ]) {
      const [stream] = await openStream(local, peer);
      const writer = stream.writable.getWriter();
      const written = writer.write(new Uint8Array(40 * MiB));
      await end(stream, writer);
      await assert.rejects(written, isReason);
    }
    // When the engine had just asked for more
    const [stream, peerStream] = await openStream(local, peer);
    const writer = stream.writable.getWriter();
    const written = writer.write(new Uint8Array(40 * MiB));
    const reader = peerStream.readable.getReader();
    let received = 0;
    while (received < 20 * MiB) {
      const { value } = await reader.read();
      received += value?.length ?? 0;
    }
    void writer.abort(reason);
    await assert.rejects(written, isReason);
    await assert.rejects(async () => {
      while (!(await reader.read()).done) {}
    });
  });

  test('a large chunk whose buffer is taken away is no clean end', {
    timeout,
  }, async (t) => {
    const [stream, peerStream] = await open(t, io);
    const writer = stream.writable.getWriter();
    const data = new Uint8Array(40 * MiB);
    const written = writer.write(data);
    structuredClone(data.buffer, { transfer: [data.buffer] });
    await Promise.all([
      assert.rejects(written, errors.ErrorQUICOptionInvalid),
      assert.rejects(readAll(peerStream.readable)),
      assert.rejects(writer.close(), errors.ErrorQUICOptionInvalid),
    ]);
  });
});

async function hashOf(stream: QUICStream): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream.readable) hash.update(chunk);
  return hash.digest('hex');
}
