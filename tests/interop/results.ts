import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type IO, ios } from '../helpers/io.js';
import { root } from '../helpers/packages.js';
import { type Case, cases } from './cases.js';

/** What became of a case, kept outside of the tree, so that a part of all can be tried again. */

export const roles = ['client', 'server'] as const;

export type Role = (typeof roles)[number];
export type Outcome = 'works' | 'fails' | 'unsupported';
export type Cell = { outcome: Outcome; why: string };

export type Results = {
  version: string;
  /** By the name of the case, the role of this library and the I/O mode. */
  cells: Record<string, Partial<Record<`${Role} ${IO}`, Cell>>>;
};

const folder = path.join(root, 'node_modules', '.cache', 'interop', 'results');
const document = path.join(root, 'docs', 'interop.md');
const begin = '<!-- The table: npm run test:interop -->';
const end = '<!-- The end of the table -->';

const fileOf = (peer: string) =>
  path.join(folder, `${peer.replaceAll('/', '-')}.json`);

export async function load(peer: string): Promise<Results> {
  const text = await readFile(fileOf(peer), 'utf8').catch(() => undefined);
  return text === undefined ? { version: '', cells: {} } : JSON.parse(text);
}

export async function save(peer: string, results: Results): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(fileOf(peer), JSON.stringify(results));
}

const marks = { works: 'ok', fails: '**no**', unsupported: '–' };

/** Both I/O modes, which are one where they agree. */
function show(cells: Results['cells'], each: Case, role: Role): string {
  // What was found before may be of a case that is no more
  if (each[role] === undefined) return '';
  const { name } = each;
  const found = ios.flatMap((io) => cells[name]?.[`${role} ${io}`] ?? []);
  const [first = '', second = first] = found.map((c) => marks[c.outcome]);
  return first === second ? first : `${first} / ${second}`;
}

/** Writes what is known of some peers into the document, and returns the table. */
export async function write(peers: Array<string>): Promise<string> {
  const known: Array<[string, Results]> = [];
  for (const peer of peers) {
    const results = await load(peer);
    if (results.version !== '') known.push([peer, results]);
  }
  const table = [
    ['case', ...known.flatMap(([peer]) => [`to ${peer}`, `from ${peer}`])],
    Array(1 + 2 * known.length).fill('---'),
    ...cases.map((each) => [
      each.name,
      ...known.flatMap(([, { cells }]) =>
        roles.map((role) => show(cells, each, role)),
      ),
    ]),
  ]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
  const dashes = known.flatMap(([peer, { cells }]) => {
    const reasons = new Map<string, Set<string>>();
    for (const { name } of cases) {
      for (const { outcome, why } of Object.values(cells[name] ?? {})) {
        if (outcome !== 'unsupported') continue;
        reasons.set(why, (reasons.get(why) ?? new Set()).add(name));
      }
    }
    return [...reasons].map(
      ([why, names]) => `- ${peer}: ${why} (${[...names].join('; ')})`,
    );
  });
  const versions = known.map(([peer, { version }]) => `${peer} ${version}`);
  const text = await readFile(document, 'utf8');
  const before = text.slice(0, text.indexOf(begin) + begin.length);
  const after = text.slice(text.indexOf(end));
  const parts = [
    `Tried with ${versions.join(', ')}.`,
    table,
    'Not tried, and why:',
    dashes.join('\n'),
  ];
  await writeFile(document, [before, ...parts, after].join('\n\n'));
  return table;
}
