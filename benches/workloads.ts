// The work itself. quic-go/workloads.go does the same: change both alike.
import { join, type Pair } from './pair.js';

/** Does the given amount of work; its unit is the bench's own. */
export type Workload = (pair: Pair, work: number) => Promise<void>;

const chunkSize = 64 * 1024;
const parallelHandshakes = 4;
const message = Buffer.alloc(1024, 'a');

/**
 * Sends `work` MiB over one unidirectional stream and waits until the server
 * has read the last byte.
 */
export const bulk: Workload = async (pair, work) => {
  const total = work * 2 ** 20;
  const chunk = new Uint8Array(chunkSize);
  const writer = pair.connection.newStream('uni').writable.getWriter();
  const send = async () => {
    for (let sent = 0; sent < total; sent += chunkSize) {
      await writer.ready;
      // A failed write fails `ready` and `close` too.
      writer.write(chunk).catch(() => {});
    }
    await writer.close();
  };
  const [received] = await Promise.all([pair.received(), send()]);
  if (received !== total) {
    throw new Error(`sent ${total} bytes, the server read ${received}`);
  }
};

/**
 * That many echoes at once, `work` in all: each one sends 1 KiB over a new
 * bidirectional stream and reads it back.
 */
export function echoes(parallel: number): Workload {
  return (pair, work) =>
    inParallel(parallel, work, async () => {
      const stream = pair.connection.newStream('bidi');
      const writer = stream.writable.getWriter();
      const chunks: Array<Uint8Array> = [];
      const receive = async () => {
        for await (const chunk of stream.readable) chunks.push(chunk);
      };
      await Promise.all([writer.write(message), writer.close(), receive()]);
      if (!message.equals(join(chunks))) {
        throw new Error('the echo differs from the message');
      }
    });
}

/**
 * Opens and closes `work` connections, each with a full handshake, on one
 * client socket, four at a time.
 */
export const handshakes: Workload = (pair, work) =>
  inParallel(parallelHandshakes, work, async () => {
    const client = await pair.connect();
    await client.destroy({ force: true });
  });

/** Calls `f` `count` times, `parallel` calls at once. */
async function inParallel(
  parallel: number,
  count: number,
  f: () => Promise<void>,
): Promise<void> {
  const run = async (first: number) => {
    for (let n = first; n < count; n += parallel) await f();
  };
  await Promise.all(Array.from({ length: parallel }, (_, i) => run(i)));
}
