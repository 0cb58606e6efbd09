// Tries this library with other implementations, at either end and in both I/O modes, prints a table and writes it to docs/interop.md.
// Arguments are parts of names of peers and cases: only these are tried then, and nothing is written.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type IO, ios } from '../helpers/io.js';
import { cleanups, root } from '../helpers/packages.js';
import { Bench, type Case, cases } from './cases.js';
import { tryEarlyData } from './gnutls.js';
import { type Peer, peers, Unsupported } from './peers.js';

const longest = 45_000;
const filters = process.argv.slice(2);
const document = path.join(root, 'docs', 'interop.md');

type Role = 'client' | 'server';
type Cell = { works: boolean; why: string };

/** Tries a case, and says what became of it. */
async function attempt(
  run: Case[Role],
  peer: Peer,
  io: IO,
): Promise<Cell | undefined> {
  if (run === undefined) return undefined;
  const scope = cleanups();
  let timer: NodeJS.Timeout | undefined;
  try {
    const bench = await Bench.create(scope, io, peer);
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('it takes too long')), longest);
    });
    await Promise.race([run(bench), late]);
    return { works: true, why: '' };
  } catch (e) {
    const { message } = e as Error;
    const why = message.split('\n')[0];
    if (e instanceof Unsupported) return { works: true, why };
    return { works: false, why };
  } finally {
    clearTimeout(timer);
    await scope.end().catch(() => {});
  }
}

function isWanted(name: string, names: Array<string>): boolean {
  const asked = filters.filter((f) => names.some((n) => n.includes(f)));
  return asked.length === 0 || asked.some((f) => name.includes(f));
}

const peerNames = peers.map(({ name }) => name);
const caseNames = cases.map(({ name }) => name);
const columns: Array<{ peer: Peer; role: Role; io: IO }> = [];
const versions: Array<string> = [];
for (const peer of peers) {
  if (!isWanted(peer.name, peerNames)) continue;
  try {
    console.log(`Installing ${peer.name}`);
    const { version } = await peer.install();
    versions.push(`${peer.name} ${version}`);
  } catch (e) {
    console.log(`${peer.name} cannot be had here: ${(e as Error).message}`);
    versions.push(`${peer.name}, which was not to be had`);
    continue;
  }
  for (const role of ['client', 'server'] as const) {
    for (const io of ios) columns.push({ peer, role, io });
  }
}

const reasons = new Map<string, Array<string>>();
const failures: Array<string> = [];
const rows: Array<Array<string>> = [];
const gnutls: Array<string> = [];
for (const each of cases) {
  if (!isWanted(each.name, caseNames)) continue;
  const cells = new Map<string, string>();
  for (const { peer, role, io } of columns) {
    const cell = await attempt(each[role], peer, io);
    const where = `${peer.name}, ${role}, ${io}`;
    const key = `${peer.name} ${role}`;
    const mark =
      cell === undefined ? '' : !cell.works ? 'no' : cell.why ? '–' : 'ok';
    if (mark === 'no') failures.push(`${each.name}: ${where}: ${cell!.why}`);
    if (mark === '–') {
      const why = `${each.name}: ${cell!.why}`;
      reasons.set(why, [...(reasons.get(why) ?? []), where]);
    }
    const before = cells.get(key);
    cells.set(
      key,
      before === undefined || before === mark ? mark : `${before}/${mark}`,
    );
    console.log(`${mark.padEnd(3)} ${each.name}: ${where} ${cell?.why ?? ''}`);
  }
  rows.push([each.name, ...cells.values()]);
}

if (isWanted('GnuTLS', ['GnuTLS'])) {
  for (const io of ios) {
    const cell = await attempt(tryEarlyData, peers[0], io);
    const where = `0-RTT: ngtcp2 with GnuTLS, client, ${io}`;
    console.log(`${cell!.works ? 'ok ' : 'no '} ${where} ${cell!.why}`);
    if (!cell!.works) failures.push(`${where}: ${cell!.why}`);
    else gnutls.push(cell!.why || `accepted, ${io}`);
  }
}

const heads = [...new Set(columns.map(({ peer }) => peer.name))];
const table = [
  [
    'case',
    ...heads.flatMap((name) => [`client to ${name}`, `server of ${name}`]),
  ],
  Array(1 + 2 * heads.length).fill('---'),
  ...rows,
]
  .map((cells) => `| ${cells.join(' | ')} |`)
  .join('\n');
console.log(`\n${table}`);
for (const failure of failures) console.log(failure);
if (filters.length === 0) {
  const begin = '<!-- table -->\n';
  const end = '<!-- end of table -->';
  const text = await readFile(document, 'utf8');
  const [before, rest] = text.split(begin);
  const dashes = [...reasons]
    .map(([why, where]) => `- ${why} (${where.join('; ')})`)
    .join('\n');
  const early = `Early data to ngtcp2 0.12.1 with GnuTLS, from Debian 12: ${gnutls.join(', ')}.`;
  const content = `Tried with ${versions.join(', ')}.\n\n${table}\n\n${early}\n\nThe dashes:\n\n${dashes}\n`;
  await writeFile(
    document,
    `${before}${begin}\n${content}\n${end}${rest.split(end)[1]}`,
  );
}
process.exit(failures.length > 0 ? 1 : 0);
