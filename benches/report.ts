import { mkdir, writeFile } from 'node:fs/promises';
import Table from 'cli-table3';
import type { Bench } from './benches.js';

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

/** A table of the results, each with its ratio to the baseline's. */
export function table(
  results: Array<Result>,
  benches: Array<Bench>,
  baseline: string,
): string {
  const lines = new Table({
    head: ['bench', 'implementation', 'median', 'spread', `÷ ${baseline}`],
    colAligns: ['left', 'left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const { bench, impl, value, unit, spread } of results) {
    const base = results.find(
      (result) => result.bench === bench && result.impl === baseline,
    );
    lines.push([
      benches.find(({ name }) => name === bench)!.title,
      impl,
      `${format(value)} ${unit}`,
      `${Math.round(spread * 100)} %`,
      base ? (value / base.value).toFixed(2) : '',
    ]);
  }
  return lines.toString();
}

/** Writes the results for other programs to read. */
export async function write(results: Array<Result>): Promise<void> {
  // This file runs from benches/dist/.
  const folder = new URL('../results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  await writeFile(
    new URL('latest.json', folder),
    `${JSON.stringify(results, null, 2)}\n`,
  );
}
