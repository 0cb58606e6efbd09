// The work itself. quic-go/workloads.go does the same: change both alike.
import { can, type Pair } from './pair.ts';
import type { Client, Transport } from './transport.ts';

/** Does the given amount of work; its unit is the bench's own. */
export type Workload = (pair: Pair, work: number) => Promise<void>;

/** Turns work into a value, in the unit of the bench. */
export type Measure = (
  transport: Transport,
  work: number,
  warmUp: number,
) => Promise<number>;

const parallelHandshakes = 4;
const message = Buffer.alloc(1024, 'a');
const datagram = Buffer.alloc(1100, 'a');

/**
 * Sends `work` MiB in all over that many streams at once and waits until the
 * server has read the last byte.
 */
export function bulk(streams: number): Workload {
  return async (pair, work) => {
    const total = work * 2 ** 20;
    const send = can(pair.client, 'send');
    const [received] = await Promise.all([
      pair.received(streams),
      ...Array.from({ length: streams }, () => send(total / streams)),
    ]);
    if (received !== total) {
      throw new Error(`sent ${total} bytes, the server read ${received}`);
    }
  };
}

/** That many echoes of 1 KiB at once, each over a new stream, `work` in all. */
export function echoes(parallel: number): Workload {
  return ({ client }, work) => inParallel(parallel, work, () => echo(client));
}

async function echo(client: Client): Promise<void> {
  if (!message.equals(await can(client, 'echo')(message))) {
    throw new Error('the echo differs from the message');
  }
}

/** Sends datagrams of 1,100 bytes until `work` have arrived: some get lost. */
export const datagrams: Workload = async (pair, work) => {
  const arrived = pair.countDatagrams(datagram.length);
  await can(pair.client, 'sendDatagrams')(datagram, () => arrived() >= work);
};

/** Opens and closes `work` connections, four at a time. */
export const handshakes: Workload = (pair, work) =>
  inParallel(parallelHandshakes, work, async () => {
    const client = await pair.connect();
    await client.close();
  });

/**
 * Opens that many connections, four at a time, echoes over each and closes them
 * when all are open; again until `work` were open.
 */
export function connections(atOnce: number): Workload {
  return async (pair, work) => {
    for (let done = 0; done < work; done += atOnce) {
      const clients = await open(pair, atOnce, echo);
      await Promise.all(clients.map((client) => client.close()));
    }
  };
}

/** Opens that many connections, four at a time. */
export async function open(
  pair: Pair,
  count: number,
  use?: (client: Client) => Promise<void>,
): Promise<Array<Client>> {
  const clients: Array<Client> = [];
  await inParallel(parallelHandshakes, count, async () => {
    const client = await pair.connect();
    await use?.(client);
    clients.push(client);
  });
  return clients;
}

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
