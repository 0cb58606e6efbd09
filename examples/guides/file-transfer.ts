// A file transfer that goes on where it was cut off. The receiver says how much it has.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { QUICClient, QUICServer, type QUICStream, utils } from '@matrixai/quic';

const folder = await mkdtemp(path.join(tmpdir(), 'transfer-'));
const source = path.join(folder, 'source.bin');
const copy = path.join(folder, 'copy.bin');
await writeFile(source, randomBytes(8_000_000));

const authority = utils.createAuthority();
const server = new QUICServer({ config: authority.issue() });
await server.start({ host: '127.0.0.1' });

/** Answers with the file from an offset, which the client sends as 8 bytes. */
async function serve({ readable, writable }: QUICStream): Promise<void> {
  const chunks: Array<Uint8Array> = [];
  for await (const chunk of readable) chunks.push(chunk);
  const start = Number(Buffer.concat(chunks).readBigUInt64BE());
  await Readable.toWeb(createReadStream(source, { start })).pipeTo(
    writable as WritableStream,
  );
}

void (async () => {
  for await (const stream of server.incomingStreams) {
    // The client that goes away asks again
    serve(stream).catch(() => {});
  }
})();

const sizeOf = (file: string) =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );

/** Fetches what is missing, on a connection that may break. */
async function fetch(signal?: AbortSignal): Promise<void> {
  await using client = await QUICClient.createQUICClient({
    host: '127.0.0.1',
    port: server.port,
    config: { ca: authority.cert, maxIdleTimeout: 10_000 },
  });
  const { readable, writable } = client.connection.newStream('bidi', {
    signal,
  });
  const offset = Buffer.alloc(8);
  offset.writeBigUInt64BE(BigInt(await sizeOf(copy)));
  const writer = writable.getWriter();
  await writer.write(offset);
  await writer.close();
  await pipeline(readable, createWriteStream(copy, { flags: 'a' }));
}

const total = await sizeOf(source);
for (let attempt = 1; (await sizeOf(copy)) < total; attempt++) {
  // The first attempts are cut off on purpose
  const controller = new AbortController();
  if (attempt <= 2) setTimeout(() => controller.abort(), 15 * attempt);
  await fetch(controller.signal).catch(() => {});
  console.log(`attempt ${attempt}: ${await sizeOf(copy)} of ${total} bytes`);
}
assert.deepEqual(await readFile(copy), await readFile(source));
await server.stop();
await rm(folder, { recursive: true });
