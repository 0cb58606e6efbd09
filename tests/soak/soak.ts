import { setTimeout } from 'node:timers/promises';
import { events, QUICServer, type QUICStream } from '@matrixai/quic';
import { worsen } from '../helpers/badNetwork.js';
import { on } from '../helpers/events.js';
import type { IO } from '../helpers/io.js';
import {
  assertNothingHeld,
  type Holdings,
  residentMemory,
  settle,
} from '../helpers/level.js';
import { credentials } from '../helpers/pair.js';
import { Random } from '../helpers/random.js';
import { Relay } from '../helpers/relay.js';
import { MiB, serveEcho } from '../helpers/streams.js';
import { config, Load, Tally } from './load.js';

const network = {
  loss: 0.01,
  duplication: 0.01,
  reordering: 0.01,
  corruption: 0.005,
  truncation: 0.005,
  delay: 1,
  jitter: 3,
};

/** How often clients get other addresses. In milliseconds. */
const rebinding = 20_000;

const columns = [
  ...['minute', 'MiB/s', 'echoes/s', 'p99 ms', 'memory MiB', 'connections'],
  ...['streams', 'objects', 'goroutines', 'files', 'errors'],
];

type Options = {
  minutes: number;
  clients: number;
  seed: number;
  print: (line: string) => void;
  onStream?: (stream: QUICStream) => void;
};

/**
 * Lets clients work over a bad network, half of them over each I/O mode. Once a minute they pause,
 * so that what is held can be compared. Resolves with what was lost and what has grown.
 */
export async function soak({
  minutes,
  clients,
  seed,
  print,
  onStream = serveEcho,
}: Options): Promise<Array<string>> {
  const random = new Random(seed);
  const tally = new Tally();
  const { problems } = tally;
  const ends: Array<() => unknown> = [];
  const t = { after: (end: () => unknown) => ends.push(end) };
  const loads: Array<Load> = [];
  for (const io of ['dgram', 'native'] as const) {
    const server = await startServer(io, onStream);
    const relay = await Relay.start(t, server.port);
    worsen(t, relay, network, random.below(2 ** 31));
    const timer = setInterval(
      () => void tally.handshakes.withWriteF(() => relay.rebind()),
      rebinding,
    );
    ends.unshift(
      () => clearInterval(timer),
      () => server.stop({ force: true }),
    );
    for (let i = 0; i < clients / 2; i++) {
      const choices = new Random(random.below(2 ** 31));
      loads.push(new Load(io, relay.port, choices, tally));
    }
  }

  print(`SEED=${seed}, ${loads.length} clients, ${minutes} minutes`);
  print(row(columns));
  const memory: Array<number> = [];
  for (let done = 0; done < minutes; done++) {
    const seconds = Math.min(1, minutes - done) * 60;
    const started = performance.now();
    for (const load of loads) load.resume();
    await setTimeout(seconds * 1000);
    await Promise.all(loads.map((load) => load.pause()));
    const elapsed = (performance.now() - started) / 1000;
    const held = await quiet(loads.length, problems);
    const bytes = await residentMemory();
    memory.push(bytes);
    print(
      row([
        done + Math.min(1, minutes - done),
        (tally.bytes / MiB / elapsed).toFixed(1),
        (tally.echoes / elapsed).toFixed(0),
        (tally.times.percentile(99) / 1000).toFixed(0),
        (bytes / MiB).toFixed(1),
        held.connections ?? 0,
        held.streams ?? 0,
        objects(held),
        held.goroutines,
        held.descriptors ?? '-',
        problems.length,
      ]),
    );
    tally.reset();
  }

  await Promise.all(loads.map((load) => load.stop()));
  loads.length = 0;
  for (const end of ends) await end();
  await assertNothingHeld().catch((e: Error) => problems.push(e.message));
  if (grows(memory)) {
    problems.push(
      `memory grows: ${memory.map((n) => (n / MiB).toFixed(1)).join(', ')} MiB`,
    );
  }

  const { sent, received } = tally.datagrams;
  print(
    `${tally.connections} connections, ${tally.resumed} of them resumed; ${received} of ${sent} datagrams came back`,
  );
  print(
    problems.length === 0
      ? 'Nothing was lost, and nothing has grown.'
      : `${problems.length} problems:`,
  );
  for (const problem of problems.slice(0, 20)) print(problem);
  return problems;
}

/**
 * Whether memory grows by more than a twentieth: whether the least of the last fifth is more than
 * the most of the first.
 */
export function grows(memory: ReadonlyArray<number>): boolean {
  const fifth = Math.ceil(memory.length / 5);
  // The first minute warms up
  if (memory.length < 3) return false;
  const before = Math.max(...memory.slice(1, 1 + fifth));
  return Math.min(...memory.slice(-fifth)) > before * 1.05;
}

async function startServer(
  io: IO,
  onStream: (stream: QUICStream) => void,
): Promise<QUICServer> {
  const server = new QUICServer({ config: { ...config, ...credentials }, io });
  on(server, events.EventQUICConnectionStream, ({ detail }) =>
    onStream(detail),
  );
  on(server, events.EventQUICServerConnection, ({ detail: connection }) => {
    const { readable, writable } = connection.datagrams;
    readable.pipeTo(writable).catch(() => {});
  });
  await server.start({ host: '127.0.0.1' });
  return server;
}

/**
 * What is held between two minutes: a connection of each client, with both ends, and nothing else.
 */
async function quiet(
  clients: number,
  problems: Array<string>,
): Promise<Holdings> {
  // A server whose client's close was lost waits for its idle timeout, and a little longer if it
  // had sent
  const isQuiet = ({ connections = 0, streams = 0 }: Holdings) =>
    connections <= 2 * clients && streams === 0;
  const deadline = performance.now() + 1.5 * config.maxIdleTimeout;
  let held = await settle();
  while (!isQuiet(held) && performance.now() < deadline) held = await settle();
  if (!isQuiet(held)) problems.push(`held: ${JSON.stringify(held)}`);
  return held;
}

function objects(held: Holdings): number {
  return Object.entries(held)
    .filter(([name]) => name.startsWith('QUIC'))
    .reduce((sum, [, count]) => sum + count, 0);
}

function row(cells: ReadonlyArray<string | number>): string {
  return cells
    .map((cell, i) => String(cell).padStart(columns[i].length + 2))
    .join('');
}
