// Does the work of one bench with this library, client and server in this
// process on loopback, and prints {"value": n} to stdout. The same program in
// plain quic-go lies in quic-go/.
//
// Usage: node run.js <dgram|native> <bench> <work> <warm-up>
import type { SocketIO } from '@matrixai/quic';
import { createPair } from './pair.js';
import { bulk, echoes, handshakes, type Workload } from './workloads.js';

const workloads: Record<string, { run: Workload; unitsPerWork: number }> = {
  bulk: { run: bulk, unitsPerWork: 2 ** 20 / 1e6 },
  'echo-1': { run: echoes(1), unitsPerWork: 1 },
  'echo-32': { run: echoes(32), unitsPerWork: 1 },
  handshakes: { run: handshakes, unitsPerWork: 1 },
};

const [io, name = '', work, warmUp] = process.argv.slice(2);
const workload = workloads[name];
if (workload === undefined) throw new Error(`no bench is called "${name}"`);
const pair = await createPair(io as SocketIO);
await workload.run(pair, Number(warmUp));
const start = performance.now();
await workload.run(pair, Number(work));
const seconds = (performance.now() - start) / 1000;
await pair.close();
const value = (Number(work) * workload.unitsPerWork) / seconds;
console.log(JSON.stringify({ value }));
