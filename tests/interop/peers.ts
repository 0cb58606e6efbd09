import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import * as aioquic from '../helpers/aioquic.js';
import type { Cleanup } from '../helpers/folders.js';
import { output, root } from '../helpers/packages.js';

/** Other implementations of QUIC, each with a program that does what `protocol.md` says. */

const sources = path.join(root, 'tests', 'interop', 'peers');
const cache = path.join(root, 'node_modules', '.cache', 'interop');

type Installed = {
  command: string;
  args: Array<string>;
  env?: NodeJS.ProcessEnv;
  version: string;
};

export type Peer = {
  name: string;
  /** Makes it ready to run. Rejects when this machine cannot have it. */
  install(): Promise<Installed>;
};

const installed = new Map<Peer, Promise<Installed>>();

/** Installs a peer, once. */
export function install(peer: Peer): Promise<Installed> {
  const made = installed.get(peer) ?? peer.install();
  installed.set(peer, made);
  return made;
}

async function cargo(bin: string, crate: string) {
  const manifest = path.join(sources, 'rust', 'Cargo.toml');
  const target = path.join(cache, 'rust');
  await output('cargo', [
    ...['build', '--release', '--locked', '--quiet', '--bin', bin],
    ...['--manifest-path', manifest, '--target-dir', target],
  ]);
  const tree = await output('cargo', [
    ...['tree', '--locked', '--depth', '1', '--prefix', 'none'],
    ...['--manifest-path', manifest],
  ]);
  const version = new RegExp(`^${crate} v(\\S+)`, 'm').exec(tree)![1];
  return { command: path.join(target, 'release', bin), args: [], version };
}

export const peers: Array<Peer> = [
  {
    name: 'aioquic',
    async install() {
      const { command, env } = await aioquic.interpreter();
      const script = path.join(sources, 'aioquic_peer.py');
      const version = await output(
        command,
        ['-c', 'import aioquic; print(aioquic.__version__)'],
        { env },
      );
      return { command, args: [script], env, version: version.trim() };
    },
  },
  { name: 'quinn', install: () => cargo('quinn', 'quinn') },
  { name: 's2n-quic', install: () => cargo('s2n', 's2n-quic') },
  {
    name: 'x/net/quic',
    async install() {
      const command = path.join(cache, 'xnet');
      const cwd = path.join(sources, 'xnet');
      await output('go', ['build', '-o', command, '.'], { cwd });
      const version = await output(
        'go',
        ['list', '-m', '-f', '{{.Version}}', 'golang.org/x/net'],
        { cwd },
      );
      return { command, args: [], version: version.trim().slice(1) };
    },
  },
  {
    name: 'Deno',
    async install() {
      const cwd = path.join(cache, 'deno');
      await mkdir(cwd, { recursive: true });
      const installing = [
        'install',
        '--no-audit',
        '--no-fund',
        '--prefix',
        '.',
      ];
      await output('npm', [...installing, 'deno@2'], { cwd });
      const command = path.join(cwd, 'node_modules', '.bin', 'deno');
      const script = path.join(sources, 'deno', 'main.js');
      const args = ['run', '--quiet', '-A', '--unstable-net', script];
      const version = await output(command, ['--version'], { cwd });
      return { command, args, version: /^deno (\S+)/.exec(version)![1] };
    },
  },
];

/** A peer cannot do something. */
export class Unsupported extends Error {}

export type Options = Record<string, string | number | true>;
export type Line = Record<string, any>;

function flags(options: Options): Array<string> {
  return Object.entries(options).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, `${value}`],
  );
}

/** A peer that runs, and what it prints. */
export class Running {
  private readonly lines: AsyncIterator<string>;
  private complaints = '';

  private constructor(private readonly child: ChildProcess) {
    child.stderr!.on('data', (text) => {
      this.complaints += text;
    });
    const lines = createInterface({ input: child.stdout! });
    this.lines = lines[Symbol.asyncIterator]();
  }

  public static async start(
    t: Cleanup,
    peer: Peer,
    role: 'client' | 'server',
    options: Options,
    actions: Array<string> = [],
  ): Promise<Running> {
    await mkdir(cache, { recursive: true });
    const { command, args, env } = await install(peer);
    const child = spawn(
      command,
      [...args, role, ...flags(options), ...actions],
      {
        env: env ?? process.env,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    t.after(() => child.kill('SIGKILL'));
    return new Running(child);
  }

  /** What it prints next. Rejects at its end. */
  public async next(): Promise<Line> {
    const line = await this.nextIfAny();
    if (line !== undefined) return line;
    throw new Error(`it ended${this.complaints && `: ${this.complaints}`}`);
  }

  /** The same, or `undefined` at its end. */
  public async nextIfAny(): Promise<Line | undefined> {
    const { done, value } = await this.lines.next();
    if (done) return undefined;
    const line: Line = JSON.parse(value);
    if (line.unsupported !== undefined) throw new Unsupported(line.unsupported);
    if (line.error !== undefined) throw new Error(line.error);
    return line;
  }

  public kill(): void {
    this.child.kill('SIGKILL');
  }
}
