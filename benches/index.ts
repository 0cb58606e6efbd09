// Measures the library over both I/O modes beside plain quic-go, prints a
// table and writes results/latest.json.
import { parseArgs } from 'node:util';
import type { SocketIO } from '@matrixai/quic';
import { type Bench, benches } from './benches.js';
import { baseline, type Impl, library, measure, plainQuicGo } from './impls.js';
import { format, type Result, summarise, table, write } from './report.js';

const ios: Array<SocketIO> = ['native', 'dgram'];

const usage = `npm run bench -- [options]

Client and server in one process on loopback, each measure in a fresh process.

  --quick         a quarter of the work
  --rounds N      measures of each bench and implementation (default 3)
  --only BENCH    only this bench, may be repeated: ${benches.map((bench) => bench.name).join(', ')}
  --io MODE       only this I/O mode: ${ios.join(', ')}
  --help          this text

Results go to benches/results/latest.json.`;

interface Options {
  benches: Array<Bench>;
  ios: Array<SocketIO>;
  rounds: number;
}

function parse(args: Array<string>): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', multiple: true, default: [] },
      io: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return;
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(
      `--rounds wants a whole number above 0, got "${values.rounds}"`,
    );
  }
  const only = values.only;
  for (const name of only) choose('--only', name, names(benches));
  if (values.io !== undefined) choose('--io', values.io, ios);
  return {
    benches: benches
      .filter(({ name }) => only.length === 0 || only.includes(name))
      .map((bench) => ({
        ...bench,
        work: values.quick ? Math.ceil(bench.work / 4) : bench.work,
      })),
    ios: ios.filter((io) => values.io === undefined || values.io === io),
    rounds,
  };
}

function choose(option: string, got: string, wanted: Array<string>): void {
  if (wanted.includes(got)) return;
  throw new Error(`${option} wants one of ${wanted.join(', ')}, got "${got}"`);
}

function names(items: Array<{ name: string }>): Array<string> {
  return items.map(({ name }) => name);
}

/**
 * Measures round by round and, within a bench, implementation by
 * implementation, so that a machine that drifts hits all alike.
 */
async function measureAll(
  options: Options,
  impls: Array<Impl>,
): Promise<Array<Result>> {
  const values = new Map<string, Array<number>>();
  for (let round = 1; round <= options.rounds; round++) {
    for (const bench of options.benches) {
      for (const impl of impls) {
        const what = `${bench.name} ${impl.name}`;
        try {
          const value = await measure(impl, bench, bench.work);
          values.set(what, [...(values.get(what) ?? []), value]);
          console.log(
            `round ${round} of ${options.rounds}  ${what}  ${format(value)} ${bench.unit}`,
          );
        } catch (error) {
          process.exitCode = 1;
          console.error(`${what} failed: ${describe(error)}`);
        }
      }
    }
  }
  return options.benches.flatMap((bench) =>
    impls.flatMap((impl) => {
      const measured = values.get(`${bench.name} ${impl.name}`);
      return measured ? [summarise(bench, impl.name, measured)] : [];
    }),
  );
}

/** What a failed process wrote to stderr, or why it could not be measured. */
function describe(error: any): string {
  if (error.code === 'ENOENT') return `${error.path} was not found`;
  if (error.killed) return 'it took too long and was ended';
  return error.stderr || error.message;
}

async function main(): Promise<void> {
  const options = parse(process.argv.slice(2));
  if (options === undefined) {
    console.log(usage);
    return;
  }
  const impls = [await plainQuicGo(), ...options.ios.map(library)];
  const results = await measureAll(options, impls);
  console.log(table(results, options.benches, baseline));
  await write(results);
}

main().catch((error) => {
  console.error(`bench: ${describe(error)}`);
  process.exitCode = 1;
});
