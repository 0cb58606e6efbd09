// The measures over a line, which is the relay in a process of its own. Their work
// and warm-up are seconds. quic-go/lines.go does the same: change both alike.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { can, createPair } from './pair.ts';
import { Absent, type Client, host, type Transport } from './transport.ts';
import type { Measure } from './workloads.ts';

/** Milliseconds between two looks at the round-trip time. */
const interval = 20;

/** MB/s that the server reads of one stream. */
export const arriving: Measure = async (transport, work, warmUp) => {
  let arrived = 0;
  const { during } = await flood(transport, (bytes) => {
    arrived += bytes;
  });
  await during(warmUp * 1000);
  const before = arrived;
  const start = performance.now();
  await during(work * 1000);
  return (arrived - before) / 1000 / (performance.now() - start);
};

/** The 95th percentile of the smoothed round-trip time of the client, in milliseconds. */
export const roundTrip: Measure = async (transport, work, warmUp) => {
  const { client, during } = await flood(transport);
  if (client.rtt === undefined) throw new Absent('it tells no round-trip time');
  await during(warmUp * 1000);
  const samples: Array<number> = [];
  for (let i = 0; i < (work * 1000) / interval; i++) {
    await during(interval);
    samples.push(client.rtt());
  }
  samples.sort((a, b) => a - b);
  return samples[Math.floor(samples.length * 0.95)];
};

interface Flood {
  client: Client;
  /** Waits that many milliseconds, and rejects when sending fails meanwhile. */
  during(time: number): Promise<void>;
}

/** Sends over a line as much as one stream can, until the process ends. */
async function flood(
  transport: Transport,
  onRead?: (bytes: number) => void,
): Promise<Flood> {
  if (transport.tcp) {
    throw new Absent(
      "the relay carries UDP: no program can lose packets of the kernel's TCP",
    );
  }
  const { client } = await createPair(transport, { onRead }, relayed);
  const sending = can(
    client,
    'send',
  )(Infinity).then(() => {
    throw new Error('the stream ended early');
  });
  return {
    client,
    during: (time) => Promise.race([sleep(time), sending]),
  };
}

/**
 * Starts the relay, which ends with this process.
 *
 * @returns The port that leads through it.
 */
async function relayed(port: number): Promise<number> {
  const { BENCH_RELAY: program, BENCH_LINE: line } = process.env;
  if (program === undefined || line === undefined) {
    throw new Error('BENCH_RELAY and BENCH_LINE name no line');
  }
  const relay = spawn(program, [...line.split(' '), `${host}:${port}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [first] = await once(createInterface(relay.stdout), 'line');
  return Number(first);
}
