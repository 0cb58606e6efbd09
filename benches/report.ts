import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import Table from 'cli-table3';
import { markdownTable } from 'markdown-table';
import type { Bench } from './benches.ts';
import { barChart, type Chart } from './chart.ts';
import { baseline, type Impl, impls, ios, withBBR } from './impls.ts';

/** The measures of one bench with one implementation, summed up. */
export interface Result {
  bench: string;
  impl: string;
  /** Median. */
  value: number;
  unit: string;
  /** (Largest - smallest) / median. */
  spread: number;
}

/** What could not be measured, and why. */
export interface Absence {
  bench: string;
  impl: string;
  reason: string;
  /** Whether another try would be in vain. */
  final: boolean;
}

export interface Report {
  benches: Array<Bench>;
  rounds: number;
  results: Array<Result>;
  absences: Array<Absence>;
}

/** Rows of cells, the first of which is the head. */
type Rows = Array<Array<string>>;

/** The baseline may differ from itself by that share of it. Else nothing is compared with it. */
const mostNoise = 1 / 3;

/** Steps whose cost has grown by more than this are marked. */
const growth = 2;

export function summarise(
  bench: Bench,
  impl: string,
  values: Array<number>,
): Result {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median =
    (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
  const spread = (sorted[sorted.length - 1] - sorted[0]) / median;
  return {
    bench: bench.name,
    impl,
    value: round(median),
    unit: bench.unit,
    spread: round(spread),
  };
}

/** Three significant digits tell more than the noise leaves true. */
function round(value: number): number {
  return Number(value.toPrecision(3));
}

export function format(value: number): string {
  return round(value).toLocaleString('en');
}

/** For a terminal. */
export function toText(report: Report): string {
  return tables(report, ({ name }) => name)
    .map(({ title, rows: [head, ...rows] }) => {
      const lines = new Table({
        head,
        colAligns: align(head, 'left', 'right'),
        style: { head: [], border: [] },
      });
      lines.push(...rows);
      return `${title}\n\n${lines}\n`;
    })
    .concat(noise(report))
    .concat(absent(report).map((line) => `Absent: ${line}`))
    .join('\n');
}

/** What the README shows of it. */
const shown = {
  benches: ['bulk', 'echo-32', 'datagrams', 'handshakes'],
  impls: [baseline, ...ios, 'quic-v2', 'http2'],
};

/** For the README: a small table, and a chart. */
function toSummary(report: Report): string {
  const columns = present(report).filter(({ name }) =>
    shown.impls.includes(name),
  );
  const rows = [
    ['', 'unit', ...columns.map(({ title }) => title)],
    ...report.benches
      .filter(({ name }) => shown.benches.includes(name))
      .map(({ name, title, unit }) => [
        title,
        unit,
        ...columns.map((impl) => {
          const result = find(report, name, impl.name);
          return result === undefined ? '–' : format(result.value);
        }),
      ]),
  ];
  return [
    `${report.rounds === 1 ? 'One round' : `Medians of ${report.rounds} rounds`}; ${machine()}:`,
    markdownTable(rows, { align: align(rows[0], 'l', 'r') }),
    `![${charts(report)[0].title}](benches/results/${charts(report)[0].name}.svg)`,
  ].join('\n\n');
}

/** For docs/benchmarks.md. */
function toMarkdown(report: Report): string {
  const blocks = tables(report, ({ title }) => title).map(
    ({ title, rows }) =>
      `${title}\n\n${markdownTable(rows, { align: align(rows[0], 'l', 'r') })}`,
  );
  blocks.push(...noise(report));
  const absences = absent(report).map((line) => `- ${line}`);
  if (absences.length > 0) blocks.push(`Absent:\n\n${absences.join('\n')}`);
  const images = charts(report).map(
    ({ name, title }) => `![${title}](../benches/results/${name}.svg)`,
  );
  blocks.push(
    `<details><summary>Charts</summary>\n\n${images.join('\n\n')}\n\n</details>`,
  );
  return blocks.join('\n\n');
}

function align<T>(head: Array<string>, first: T, others: T): Array<T> {
  return head.map((_, column) => (column === 0 ? first : others));
}

/** How a table calls an implementation. */
type Label = (impl: Impl) => string;

function tables(
  report: Report,
  label: Label,
): Array<{ title: string; rows: Rows }> {
  return [
    {
      title: `${rounds(report)}; ${machine()}:`,
      rows: values(report, label, ({ line }) => line === undefined),
    },
    {
      title:
        'Over lines that delay packets, lose some of them or have a bottleneck:',
      rows: values(report, label, ({ line }) => line !== undefined),
    },
    {
      title: 'Ratios of the medians, or the medians, and their targets:',
      rows: targets(report, label),
    },
    {
      title: `Microseconds for each, by how many at once; ▲ marks what is more than ${growth} times that of the step before:`,
      rows: steps(report, label),
    },
  ].filter(({ rows }) => rows.length > 1);
}

/** How much the baseline differs from itself, where it was measured. */
function noise({ results }: Report): Array<string> {
  const measured = results.filter(({ impl }) => impl === baseline);
  if (measured.length === 0) return [];
  const worst = measured.reduce((a, b) => (a.spread > b.spread ? a : b));
  const { title } = impls.find(({ name }) => name === baseline)!;
  const spreads = measured.map(({ spread }) => spread).sort((a, b) => a - b);
  const median = spreads[Math.floor(spreads.length / 2)];
  return [
    `Noise: ${title} differs from itself by ${percent(median)} in the median of the benches, and by ${percent(worst.spread)} in ${worst.bench}.`,
  ];
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function rounds({ rounds }: Report): string {
  return rounds === 1
    ? 'One round'
    : `Medians of ${rounds} rounds, ± half of what they differ by`;
}

function machine(): string {
  const { platform, arch, version } = process;
  return `${availableParallelism()} cores, ${platform} ${arch}, Node.js ${version}`;
}

/** Implementations that have a result. */
function present({ results }: Report): Array<Impl> {
  return impls.filter(({ name }) => results.some(({ impl }) => impl === name));
}

function find(
  { results }: Report,
  bench: string,
  impl: string,
): Result | undefined {
  return results.find(
    (result) => result.bench === bench && result.impl === impl,
  );
}

function values(
  report: Report,
  label: Label,
  shows: (bench: Bench) => boolean,
): Rows {
  const benches = report.benches
    .filter(({ step }) => step === undefined)
    .filter(shows);
  const columns = present(report).filter((impl) =>
    benches.some(({ name }) => find(report, name, impl.name)),
  );
  return [
    ['bench', 'unit', ...columns.map(label)],
    ...benches.map(({ name, title, unit }) => [
      title,
      unit,
      ...columns.map((impl) => {
        const result = find(report, name, impl.name);
        if (result === undefined) return '–';
        const half = Math.round(result.spread * 50);
        return `${format(result.value)}${half > 0 ? ` ± ${half} %` : ''}`;
      }),
    ]),
  ];
}

function targets(report: Report, label: Label): Rows {
  const rows: Rows = [['bench', 'relative to', ...ios.flatMap(withTarget)]];
  for (const { name, title, unit, less, targets = [] } of report.benches) {
    for (const target of targets) {
      const bases = target.of.flatMap((of) => find(report, name, of) ?? []);
      if (bases.length < Math.min(target.of.length, 1)) continue;
      const base = Math.max(...bases.map(({ value }) => value));
      const isNoisy = bases.some(({ spread }) => spread > mostNoise);
      const cells = ios.flatMap((io) => {
        const result = find(report, name, target.bbr ? withBBR(io) : io);
        const wanted = target[io];
        if (result === undefined || wanted === undefined) return ['', ''];
        if (isNoisy) return ['too noisy', `${less ? '≤' : '≥'} ${wanted}`];
        const value = bases.length > 0 ? result.value / base : result.value;
        const reached = less ? value <= wanted : value >= wanted;
        return [
          `${value.toPrecision(3)}${reached ? ' ✓' : ''}`,
          `${less ? '≤' : '≥'} ${wanted}`,
        ];
      });
      if (cells.every((cell) => cell === '')) continue;
      const of = impls.filter((impl) => target.of.includes(impl.name));
      rows.push([
        target.bbr ? `${title}; BBR` : title,
        of.map(label).join(' or ') || unit,
        ...cells,
      ]);
    }
  }
  return rows;
}

function withTarget(io: string): Array<string> {
  return [io, 'target'];
}

/** What grows with a number: a row for each kind and implementation. */
function steps(report: Report, label: Label): Rows {
  const stepped = report.benches.filter(({ step }) => step !== undefined);
  const numbers = unique(stepped.map(({ step }) => step!.atOnce));
  return [
    ['', '', ...numbers.map((number) => number.toLocaleString('en'))],
    ...unique(stepped.map(({ step }) => step!.of)).flatMap((of) =>
      present(report).flatMap((impl) => {
        const results = numbers.map((number) =>
          find(report, `${of}-${number}`, impl.name),
        );
        if (results.every((result) => result === undefined)) return [];
        return [
          [
            of,
            label(impl),
            ...results.map((result, i) => {
              if (result === undefined) return '';
              const before = results[i - 1]?.value ?? Infinity;
              const mark = result.value > growth * before ? ' ▲' : '';
              return `${format(result.value)}${mark}`;
            }),
          ],
        ];
      }),
    ),
  ];
}

function unique<T>(items: Array<T>): Array<T> {
  return [...new Set(items)];
}

/** A line for each implementation and reason. */
function absent({ benches, absences }: Report): Array<string> {
  const lines = new Map<string, Array<string>>();
  for (const { bench, impl, reason } of absences) {
    const { title } = impls.find(({ name }) => name === impl)!;
    const what = `${title}: ${reason}`;
    lines.set(what, [...(lines.get(what) ?? []), bench]);
  }
  return [...lines].map(([what, names]) => {
    const all = benches.every(({ name, own }) => own || names.includes(name));
    return all ? what : `${what} (${names.join(', ')})`;
  });
}

/** A chart for each bench; one for all steps of the same kind. */
function charts(
  report: Report,
): Array<{ name: string; title: string; svg: string }> {
  const kinds = unique(
    report.benches.map(({ name, step }) => step?.of ?? name),
  );
  return kinds.map((kind) => {
    const benches = report.benches.filter(
      ({ name, step }) => (step?.of ?? name) === kind,
    );
    const [{ title, unit, less, step }] = benches;
    const chart: Chart = {
      title: step ? `cost of each of so many ${kind} at once` : title,
      unit: `${unit}, ${less ? 'less' : 'more'} is better`,
      groups: benches.map((bench) => ({
        label: bench.step ? bench.step.atOnce.toLocaleString('en') : '',
        bars: present(report).flatMap((impl) => {
          const value = find(report, bench.name, impl.name)?.value;
          if (value === undefined) return [];
          return {
            label: impl.title,
            value,
            text: format(value),
            kind: kindOf(impl),
          };
        }),
      })),
    };
    // A percent sign would escape in the links to the file.
    const name = kind.replaceAll('%', '');
    return { name, title: chart.title, svg: barChart(chart) };
  });
}

function kindOf({ name, peer }: Impl): 'own' | 'base' | 'peer' {
  if (peer) return 'peer';
  return name === baseline ? 'base' : 'own';
}

/** Writes the numbers for other programs. */
export async function writeNumbers(
  { results }: Report,
  file: string | URL,
): Promise<void> {
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);
}

/** Writes the results for other programs, the charts, and the tables of the documents. */
export async function write(report: Report): Promise<void> {
  // This file runs from benches/dist/.
  const folder = new URL('../results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  await writeNumbers(report, new URL('latest.json', folder));
  for (const { name, svg } of charts(report)) {
    await writeFile(new URL(`${name}.svg`, folder), svg);
  }
  await writeBetweenMarkers('README.md', toSummary(report));
  await writeBetweenMarkers('docs/benchmarks.md', toMarkdown(report));
}

async function writeBetweenMarkers(name: string, text: string): Promise<void> {
  // This file runs from benches/dist/.
  const file = new URL(`../../${name}`, import.meta.url);
  const before = await readFile(file, 'utf8');
  const marked = /(<!-- bench:start -->\n).*?(<!-- bench:end -->)/s;
  if (!marked.test(before)) throw new Error(`${name} lost its bench markers`);
  await writeFile(
    file,
    before.replace(marked, (_, start, end) => `${start}\n${text}\n\n${end}`),
  );
}
