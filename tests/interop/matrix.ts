// Tries this library with other implementations, at either end and in both I/O modes, and writes a
// table to docs/interop.md. Arguments are parts of names of peers and cases: only these are tried
// then, and the table has what was found before of others.
import { cleanups } from '../helpers/folders.js';
import { type IO, ios } from '../helpers/io.js';
import { Bench, type Case, cases } from './cases.js';
import { install, type Peer, peers, Unsupported } from './peers.js';
import { type Cell, load, type Role, roles, save, write } from './results.js';

const longest = 45_000;
const filters = process.argv.slice(2);

/** Those whose names have one of the filters in them, or all if no filter is meant for them. */
function wanted<T extends { name: string }>(all: ReadonlyArray<T>): Array<T> {
  const isMeant = (filter: string) => all.some((a) => a.name.includes(filter));
  const meant = filters.filter(isMeant);
  return all.filter(
    ({ name }) => meant.length === 0 || meant.some((f) => name.includes(f)),
  );
}

/** Tries a case, and says what became of it. */
async function attempt(
  run: NonNullable<Case[Role]>,
  peer: Peer,
  io: IO,
): Promise<Cell> {
  const scope = cleanups();
  let timer: NodeJS.Timeout | undefined;
  try {
    const bench = await Bench.create(scope, io, peer);
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('it takes too long')), longest);
    });
    await Promise.race([run(bench), late]);
    return { outcome: 'works', why: '' };
  } catch (e) {
    const [why] = (e as Error).message.split('\n');
    return { outcome: e instanceof Unsupported ? 'unsupported' : 'fails', why };
  } finally {
    clearTimeout(timer);
    await scope.end().catch(() => {});
  }
}

const failures: Array<string> = [];
for (const peer of wanted(peers)) {
  const { name } = peer;
  console.log(`# ${name}`);
  const results = await load(name);
  try {
    results.version = (await install(peer)).version;
  } catch (e) {
    console.log(`It cannot be had here: ${(e as Error).message}`);
    continue;
  }
  for (const each of wanted(cases)) {
    for (const role of roles) {
      const run = each[role];
      if (run === undefined) continue;
      for (const io of ios) {
        const cell = await attempt(run, peer, io);
        const where = `${each.name}, ${role}, ${io}`;
        console.log(`${cell.outcome.padEnd(11)} ${where} ${cell.why}`);
        if (cell.outcome === 'fails') failures.push(`${name}: ${where}`);
        results.cells[each.name] ??= {};
        results.cells[each.name][`${role} ${io}`] = cell;
      }
    }
  }
  await save(name, results);
}
console.log(`\n${await write(peers.map(({ name }) => name))}`);
for (const failure of failures) console.log(`FAILED ${failure}`);
process.exit(failures.length > 0 ? 1 : 0);
