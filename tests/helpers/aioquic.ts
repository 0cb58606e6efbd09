import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { TestContext } from 'node:test';
import { makeFolder } from './folders.js';
import { output, root, script } from './packages.js';

const folder = path.join(root, 'node_modules', '.cache', 'aioquic');
const fixture = path.join(root, 'tests', 'fixtures', 'hostile.py');

/** How a connection ended: what closed it, or how much came back of what was sent at last. */
export type Outcome = { code: number; reason: string } | { echoed: number };

let installing: Promise<string> | undefined;

/** Installs aioquic for the Python that is returned. */
function install(): Promise<string> {
  installing ??= (async () => {
    const { findPython } = await script('lib/tools.js');
    const { pipInstall } = await script('lib/pip.js');
    const python = findPython();
    const env = { ...process.env, PYTHONPATH: folder };
    const present = await output(python, ['-c', 'import aioquic'], {
      env,
    }).catch(() => undefined);
    if (present === undefined) {
      await rm(folder, { recursive: true, force: true });
      await output(python, pipInstall(folder, 'tests/requirements.txt'));
    }
    return python;
  })();
  return installing;
}

/** What runs programs that use aioquic. */
export async function interpreter() {
  const command = await install();
  return { command, env: { ...process.env, PYTHONPATH: folder } };
}

/** Why aioquic cannot be had here, if it cannot. */
export async function reasonNotToUse(): Promise<string | false> {
  try {
    await install();
    return false;
  } catch (error) {
    return `needs aioquic from PyPI: ${error}`;
  }
}

/** A peer that sends what it is told to, see `fixtures/hostile.py`. */
export class Hostile {
  private constructor(
    private readonly child: ReturnType<typeof run>,
    private readonly lines: AsyncIterator<string>,
  ) {}

  public static async start(
    t: TestContext,
    ...args: ['client'] | ['server', cert: string, key: string]
  ): Promise<Hostile> {
    const python = await install();
    const [role, ...pems] = args;
    const files = [];
    if (role === 'server') {
      const folder = await makeFolder(t);
      for (const [i, pem] of pems.entries()) {
        files.push(path.join(folder, `${i}.pem`));
        await writeFile(files[i], pem);
      }
    }
    const child = run(python, [fixture, role, ...files]);
    t.after(() => child.kill());
    const lines = createInterface({ input: child.stdout });
    return new Hostile(child, lines[Symbol.asyncIterator]());
  }

  /** What it prints next. */
  public async next<T>(): Promise<T> {
    const { value } = await this.lines.next();
    return JSON.parse(value);
  }

  /** Has a client connect to a server and send frames. */
  public attack(port: number, frames: Array<string>): Promise<Outcome> {
    this.child.stdin.write(`${JSON.stringify({ port, frames })}\n`);
    return this.next();
  }
}

function run(python: string, args: Array<string>) {
  return spawn(python, args, {
    env: { ...process.env, PYTHONPATH: folder },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}
