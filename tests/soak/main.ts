// Runs the soak test: `npm run soak -- --minutes 60`
import { parseArgs } from 'node:util';
import { seed } from '../helpers/random.js';
import { soak } from './soak.js';

const usage = `npm run soak -- [options]

Clients that send, reset, reconnect and fail over a bad network, for a long time.
Ends with exit code 1 if anything was lost or has grown.

  --minutes N   how long (default 10)
  --clients N   how many, half of them over each I/O mode (default 50)
  --help        this text

SEED in the environment repeats the choices of a run.`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    clients: { type: 'string', default: '50' },
    help: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const clients = Number(values.clients);
if (values.help) {
  console.log(usage);
} else if (!(minutes > 0)) {
  fail(`--minutes wants a number above 0, got "${values.minutes}"`);
} else if (!Number.isInteger(clients) || clients < 2) {
  fail(`--clients wants a whole number of at least 2, got "${values.clients}"`);
} else {
  const problems = await soak({ minutes, clients, seed, print: console.log });
  process.exitCode = problems.length > 0 ? 1 : 0;
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 2;
}
