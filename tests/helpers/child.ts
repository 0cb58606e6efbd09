import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

export type Exit = {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
};

export type Child = {
  /** The first line that it prints. */
  firstLine: Promise<string>;
  exit: Promise<Exit>;
  /** Ends it with a signal, by default SIGKILL. */
  kill(signal?: NodeJS.Signals): void;
};

/**
 * Why a test cannot be run here that needs a command of Linux, or `false` if it can.
 *
 * @param needs - what the command needs, besides Linux
 */
export function cannotRun(
  [command, ...args]: ReadonlyArray<string>,
  needs: string,
): string | false {
  if (process.platform !== 'linux') return `${command} is needed, on Linux`;
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return false;
  } catch {
    return `needs ${needs}`;
  }
}

/** Runs a script of `fixtures/` in a process of its own. */
export function runFixture(
  t: TestContext,
  name: string,
  ...args: Array<string>
): Child {
  return runFixtureWith(t, {}, name, ...args);
}

export type Surroundings = {
  /** Variables besides those of this process; `undefined` takes one away. */
  env?: NodeJS.ProcessEnv;
  /** Flags of Node.js. */
  flags?: ReadonlyArray<string>;
  /** What runs Node.js, with its arguments. */
  within?: ReadonlyArray<string>;
};

/** The same, in other surroundings. */
export function runFixtureWith(
  t: TestContext,
  { env, flags = [], within = [] }: Surroundings,
  name: string,
  ...args: Array<string>
): Child {
  const script = new URL(`../fixtures/${name}.js`, import.meta.url);
  const [command, ...rest] = [
    ...within,
    process.execPath,
    ...flags,
    fileURLToPath(script),
    ...args,
  ];
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  t.after(() => {
    child.kill('SIGKILL');
  });
  let stdout = '';
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const firstLine = new Promise<string>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      if (stdout.includes('\n')) resolve(stdout.split('\n')[0]);
    });
  });
  const exit = once(child, 'close').then(([code, signal]) => {
    return { code, signal, stdout, stderr };
  });
  return {
    firstLine,
    exit,
    kill: (signal = 'SIGKILL') => void child.kill(signal),
  };
}
