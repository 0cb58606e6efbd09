// Measures the library over both I/O modes beside plain quic-go and other
// transports, prints tables, and writes them into the README.
import { parseArgs } from 'node:util';
import { type Bench, benches } from './benches.ts';
import {
  baseline,
  buildGo,
  describe,
  type Impl,
  impls,
  installPeers,
  ios,
  measure,
  tookTooLong,
} from './impls.ts';
import {
  type Absence,
  format,
  type Report,
  summarise,
  toText,
  write,
  writeNumbers,
} from './report.ts';
import { Absent } from './transport.ts';

const usage = `npm run bench -- [options]

Client and server in one process on loopback, each measure in a fresh process.

  --quick         a quarter of the work and one round
  --rounds N      measures of each bench and implementation (default 3)
  --only BENCH    only this bench, may be repeated:
                  ${names(benches).join(', ')}
  --impl NAME     only this implementation, may be repeated:
                  ${names(impls).join(', ')}
  --io MODE       only this I/O mode beside the others: native, dgram
  --write         write the results although this is not the full run
  --json FILE     write the numbers of this run there, whichever run it is
  --help          this text

The full run writes benches/results/ and the tables in README.md and docs/.
Where plain quic-go differs from itself by more than a third nothing is compared.`;

interface Options {
  benches: Array<Bench>;
  impls: Array<Impl>;
  rounds: number;
  /** The longest that one measure of a peer may take, in milliseconds. */
  patience: number;
  write: boolean;
  json: string | undefined;
}

function parse(args: Array<string>): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      impl: { type: 'string', multiple: true, default: [] },
      io: { type: 'string' },
      write: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return;
  const { quick, only, impl: chosen, io } = values;
  const rounds = Number(values.rounds ?? (quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(
      `--rounds wants a whole number above 0, got "${values.rounds}"`,
    );
  }
  const modes: Array<string> = [...ios];
  for (const name of only) choose('--only', name, names(benches));
  for (const name of chosen) choose('--impl', name, names(impls));
  if (io !== undefined) choose('--io', io, modes);
  const all = !quick && only.length + chosen.length === 0 && io === undefined;
  return {
    benches: benches
      .filter(({ name }) => only.length === 0 || only.includes(name))
      .map((bench) => (quick ? { ...bench, work: quarter(bench) } : bench)),
    impls: impls
      .filter(({ name }) => chosen.length === 0 || chosen.includes(name))
      .filter(
        (impl) => io === undefined || impl.io === undefined || io === impl.io,
      ),
    rounds,
    patience: quick ? 10_000 : 30_000,
    write: all || values.write,
    json: values.json,
  };
}

/** As many as a step asks for are at once in any case. */
function quarter({ work, step }: Bench): number {
  return Math.max(Math.ceil(work / 4), step?.atOnce ?? 0);
}

function choose(option: string, got: string, wanted: Array<string>): void {
  if (wanted.includes(got)) return;
  throw new Error(`${option} wants one of ${wanted.join(', ')}, got "${got}"`);
}

function names(items: Array<{ name: string }>): Array<string> {
  return items.map(({ name }) => name);
}

/**
 * Builds and installs what the implementations need.
 *
 * @returns Why the peers that want it could not be installed, if so.
 */
async function prepare(impls: Array<Impl>): Promise<string | undefined> {
  await buildGo();
  if (!impls.some(({ peer }) => peer?.installed)) return;
  try {
    await installPeers();
  } catch (error) {
    return `not installed: ${describe(error)}`;
  }
}

/**
 * Measures round by round and, within a bench, implementation by
 * implementation, so that a machine that drifts hits all alike.
 */
async function measureAll(
  { benches, impls, rounds, patience }: Options,
  notInstalled: string | undefined,
): Promise<Report> {
  const values = new Map<string, Array<number>>();
  const absences = new Map<string, Absence>();
  for (let round = 1; round <= rounds; round++) {
    for (const bench of benches) {
      if (round > (bench.rounds ?? Infinity)) continue;
      for (const impl of inTurn(impls, rounds)) {
        const what = `${bench.name} ${impl.name}`;
        const leftOut =
          (impl.peer && bench.own) || (impl.lines && bench.line === undefined);
        if (leftOut || absences.get(what)?.final) continue;
        const progress = `round ${round} of ${rounds}  ${what} `;
        try {
          if (impl.peer?.installed && notInstalled !== undefined) {
            throw new Absent(notInstalled);
          }
          const timeout = impl.peer ? patience : undefined;
          const value = await measure(impl, bench, timeout);
          values.set(what, [...(values.get(what) ?? []), value]);
          console.log(progress, `${format(value)} ${bench.unit}`);
        } catch (error) {
          const reason = describe(error);
          console.log(progress, reason);
          const final = error instanceof Absent || reason === tookTooLong;
          const absence = { bench: bench.name, impl: impl.name, reason, final };
          absences.set(what, absence);
          // What a peer cannot do is no fault of the library.
          if (!impl.peer && !(error instanceof Absent)) process.exitCode = 1;
        }
      }
    }
  }
  const results = benches.flatMap((bench) =>
    impls.flatMap((impl) => {
      const measured = values.get(`${bench.name} ${impl.name}`);
      return measured ? [summarise(bench, impl.name, measured)] : [];
    }),
  );
  return {
    benches,
    rounds,
    results,
    absences: [...absences]
      .filter(([what]) => !values.has(what))
      .map(([, absence]) => absence),
  };
}

/** In a single round the baseline is measured twice, to tell how noisy the machine is. */
function inTurn(impls: Array<Impl>, rounds: number): Array<Impl> {
  if (rounds > 1) return impls;
  return [...impls, ...impls.filter(({ name }) => name === baseline)];
}

async function main(): Promise<void> {
  const options = parse(process.argv.slice(2));
  if (options === undefined) {
    console.log(usage);
    return;
  }
  const notInstalled = await prepare(options.impls);
  const report = await measureAll(options, notInstalled);
  console.log(`\n${toText(report)}`);
  if (options.json !== undefined) await writeNumbers(report, options.json);
  if (options.write) await write(report);
}

main().catch((error) => {
  console.error(`bench: ${describe(error)}`);
  process.exitCode = 1;
});
