import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { SocketIO } from '@matrixai/quic';
import type { Bench } from './benches.js';

const exec = promisify(execFile);

/** Longest that one measure may take, in milliseconds. */
const timeout = 60_000;

/** An implementation: a program that does a bench in a process of its own. */
export interface Impl {
  name: string;
  /** The program and the arguments that come before those of the bench. */
  command: [string, ...Array<string>];
}

/** What every ratio is against. */
export const baseline = 'quic-go';

export function library(io: SocketIO): Impl {
  const worker = fileURLToPath(new URL('run.js', import.meta.url));
  return { name: io, command: [process.execPath, worker, io] };
}

/** Builds the yardstick beside this file: the same work in plain quic-go. */
export async function plainQuicGo(): Promise<Impl> {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const program = fileURLToPath(
    new URL(
      process.platform === 'win32' ? 'quic-go.exe' : 'quic-go',
      import.meta.url,
    ),
  );
  await exec('go', ['build', '-trimpath', '-o', program, './benches/quic-go'], {
    cwd: root,
  });
  return { name: baseline, command: [program] };
}

/**
 * Measures once, in a fresh process.
 *
 * @returns The value, in the bench's unit.
 * @throws When the process fails, takes too long or prints no value.
 */
export async function measure(
  impl: Impl,
  bench: Bench,
  work: number,
): Promise<number> {
  const [program, ...args] = impl.command;
  const warmUp = Math.ceil(work / 8);
  const { stdout } = await exec(
    program,
    [...args, bench.name, String(work), String(warmUp)],
    { timeout },
  );
  const { value } = JSON.parse(stdout);
  if (!(value > 0)) throw new Error(`no value in ${JSON.stringify(stdout)}`);
  return value;
}
