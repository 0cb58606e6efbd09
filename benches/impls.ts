import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { utils } from '@matrixai/quic';
import type { Bench } from './benches.ts';
import { Absent } from './transport.ts';

const exec = promisify(execFile);

// This file runs from benches/dist/.
const dist = fileURLToPath(new URL('.', import.meta.url));
const root = path.join(dist, '..', '..');
const scripts = pathToFileURL(
  path.join(root, 'scripts', 'lib', 'common.js'),
).href;
const peersFolder = path.join(root, 'benches', 'peers');
const suffix = process.platform === 'win32' ? '.exe' : '';

/** An implementation: a program that does a bench in a process of its own. */
export interface Impl {
  name: string;
  /** What the tables call it. */
  title: string;
  /** The program and the arguments that come before those of the bench. */
  command: [string, ...Array<string>];
  /** The I/O mode, if it is the library. */
  io?: IO;
  /** Whether it takes part only in the benches over a line. */
  lines?: boolean;
  /** Set for what is neither the library nor the yardstick. */
  peer?: {
    /** Whether peers/package.json installs it. */
    installed: boolean;
    /** Parts of the work that it does, for benches where it is slow. */
    share?: Record<string, number>;
  };
}

/** The I/O modes of the library, each an implementation. */
export const ios = ['native', 'dgram'] as const;

export type IO = (typeof ios)[number];

/** The name of the implementation which is an I/O mode with BBR. */
export function withBBR(io: IO): string {
  return `${io}-bbr`;
}

/** What most ratios are against. */
export const baseline = 'quic-go';

const node = [process.execPath, '--expose-gc'] as const;

const denoPackage = `${process.platform}-${process.arch}${process.platform === 'linux' ? '-glibc' : ''}`;

function library(io: IO, congestionControl: 'cubic' | 'bbr'): Impl {
  return {
    name: io,
    title: io,
    command: [...node, path.join(dist, 'library.js'), io, congestionControl],
    io,
  };
}

function http3(mode: 'portable' | 'fast'): Impl {
  return {
    name: `http3-${mode}`,
    title: `@currentspace/http3 0.9.0, ${mode}`,
    command: [
      // It wants a newer Node.js than the library does.
      path.join(
        peersFolder,
        'node_modules',
        `node-${process.platform}-${process.arch}`,
        'bin',
        `node${suffix}`,
      ),
      '--expose-gc',
      path.join(peersFolder, 'http3.ts'),
      mode,
    ],
    peer: {
      installed: true,
      share: {
        'echo-1': 1 / 2,
        handshakes: 1 / 32,
        memory: 1 / 50,
        heap: 1 / 5,
      },
    },
  };
}

/** Its low latency is BBR, its default is Cubic. */
function deno(congestionControl: 'default' | 'low-latency'): Impl {
  return {
    name: 'deno',
    title: 'Deno 2.9',
    command: [
      path.join(
        peersFolder,
        'node_modules',
        '@deno',
        denoPackage,
        `deno${suffix}`,
      ),
      'run',
      '--allow-all',
      '--unstable-net',
      '--unsafely-ignore-certificate-errors',
      '--v8-flags=--expose-gc',
      path.join(peersFolder, 'deno.ts'),
      congestionControl,
    ],
    peer: { installed: true, share: { memory: 1 / 5, heap: 1 / 5 } },
  };
}

export const impls: Array<Impl> = [
  {
    name: baseline,
    title: 'plain quic-go',
    command: [path.join(dist, `quic-go${suffix}`)],
  },
  ...ios.map((io) => library(io, 'cubic')),
  ...ios.map(
    (io): Impl => ({
      ...library(io, 'bbr'),
      name: withBBR(io),
      title: `${io}, BBR`,
      lines: true,
    }),
  ),
  {
    name: 'quic-v2',
    title: '@matrixai/quic 2.0.9',
    command: [...node, path.join(dist, 'peers', 'quic-v2.js')],
    peer: {
      installed: false,
      share: {
        bulk: 1 / 256,
        'bulk-16': 1 / 512,
        'echo-1': 1 / 40,
        'echo-32': 1 / 100,
        handshakes: 1 / 40,
        memory: 1 / 20,
        heap: 1 / 500,
        delay: 1 / 256,
      },
    },
  },
  http3('portable'),
  http3('fast'),
  deno('default'),
  {
    ...deno('low-latency'),
    name: 'deno-low-latency',
    title: 'Deno 2.9, low-latency',
    lines: true,
  },
  {
    name: 'tls',
    title: 'node:tls',
    command: [...node, path.join(dist, 'peers', 'tls.js')],
    peer: { installed: false, share: { handshakes: 1 / 8, memory: 1 / 5 } },
  },
  {
    name: 'http2',
    title: 'node:http2',
    command: [...node, path.join(dist, 'peers', 'http2.js')],
    peer: {
      installed: false,
      share: { handshakes: 1 / 8, memory: 1 / 5, heap: 1 / 5 },
    },
  },
];

/** Builds the yardstick and the relay beside this file. */
export async function buildGo(): Promise<void> {
  await exec(
    'go',
    ['build', '-trimpath', '-o', dist, './benches/quic-go', './benches/relay'],
    { cwd: root },
  );
}

/**
 * Installs what peers/package-lock.json asks for, unless it is there. `npm ci`
 * would refuse a lock without the optional packages that a registry lacks.
 */
export async function installPeers(): Promise<void> {
  const { isInstalled } = await import(scripts);
  if (isInstalled(peersFolder)) return;
  console.log('Installing the peers');
  await exec('npm', ['install', '--no-save', '--no-audit', '--no-fund'], {
    cwd: peersFolder,
    shell: process.platform === 'win32',
  });
}

const { key, cert } = utils.selfSigned();

/**
 * Measures once, in a fresh process.
 *
 * @returns The value, in the bench's unit.
 * @throws {Absent} When the implementation cannot do that.
 * @throws When the process fails, takes too long or prints no value.
 */
export async function measure(
  impl: Impl,
  bench: Pick<Bench, 'name' | 'work' | 'line'>,
  timeout = 60_000,
): Promise<number> {
  const [program, ...args] = impl.command;
  const work = Math.ceil(bench.work * (impl.peer?.share?.[bench.name] ?? 1));
  const warmUp = Math.ceil(work / 8);
  const { stdout } = await exec(
    program,
    [...args, bench.name, String(work), String(warmUp)],
    {
      timeout,
      env: {
        ...process.env,
        NO_COLOR: '1',
        BENCH_KEY: key,
        BENCH_CERT: cert,
        BENCH_RELAY: path.join(dist, `relay${suffix}`),
        BENCH_LINE: bench.line,
        BENCH_COMMAND: JSON.stringify(impl.command),
      },
    },
  );
  const { value, absent } = JSON.parse(stdout);
  if (absent !== undefined) throw new Absent(absent);
  if (!(value > 0)) throw new Error(`no value in ${JSON.stringify(stdout)}`);
  return value;
}

/** What `describe` says of a process that was ended. */
export const tookTooLong = 'it took too long and was ended';

/** What a failed process wrote to stderr, or why it could not be measured. */
export function describe(error: any): string {
  if (error.code === 'ENOENT') return `${error.path} was not found`;
  if (error.killed) return tookTooLong;
  const stderr = String(error.stderr ?? '');
  const line = stderr.split('\n').find((text) => /error/i.test(text));
  return line?.trim() ?? (stderr.trim() || error.message);
}
