// How each bench turns its work into a value.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { arriving, roundTrip } from './lines.ts';
import { can, createPair } from './pair.ts';
import { Absent, type Handlers, type Transport } from './transport.ts';
import {
  bulk,
  connections,
  datagrams,
  echoes,
  handshakes,
  type Measure,
  open,
  type Workload,
} from './workloads.ts';

const megabytes = 2 ** 20 / 1e6;

/** The measure of a bench, whose name may end with how many at once. */
export function measureOf(bench: string): Measure {
  const [, name, number] = /^(.*?)(?:-(\d+))?$/.exec(bench)!;
  const atOnce = Number(number ?? 1);
  switch (name) {
    case 'bulk':
      return perSecond(bulk(atOnce), megabytes);
    case 'bulk-cpu':
      return cpu(bulk(1), megabytes / 1000);
    case 'echo-32-cpu':
      return cpu(echoes(32), 1 / 1000);
    case 'relay':
    case 'lossy-20ms-1%':
    case 'lossy-100ms-1%':
    case 'lossy-50ms-3%':
    case 'long-fat':
    case 'bufferbloat':
      return arriving;
    case 'bufferbloat-rtt':
      return roundTrip;
    case 'echo':
      return perSecond(echoes(atOnce));
    case 'datagrams':
      return perSecond(datagrams, 1, { datagrams: true });
    case 'handshakes':
      return perSecond(handshakes);
    case 'connections':
      return microseconds(connections, atOnce);
    case 'streams':
      return microseconds(echoes, atOnce);
    case 'memory':
      return memory;
    case 'heap':
      return heap;
    case 'delay':
      return delay;
    case 'import':
      return imports;
    default:
      throw new Error(`no bench is called "${bench}"`);
  }
}

/** Units of work per second. */
function perSecond(
  workload: Workload,
  unitsPerWork = 1,
  handlers: Handlers = {},
): Measure {
  return async (transport, work, warmUp) => {
    const pair = await createPair(transport, handlers);
    await workload(pair, warmUp);
    const seconds = await time(() => workload(pair, work));
    await pair.close();
    return (work * unitsPerWork) / seconds;
  };
}

/** Seconds of all processors per unit of work, with both ends in this process. */
function cpu(workload: Workload, unitsPerWork: number): Measure {
  return async (transport, work, warmUp) => {
    const pair = await createPair(transport);
    await workload(pair, warmUp);
    const before = process.cpuUsage();
    await workload(pair, work);
    const { user, system } = process.cpuUsage(before);
    await pair.close();
    return (user + system) / 1e6 / (work * unitsPerWork);
  };
}

/** Microseconds per unit of work, with that many of them at once. */
function microseconds(
  workload: (atOnce: number) => Workload,
  atOnce: number,
): Measure {
  return async (transport, work, warmUp) => {
    const pair = await createPair(transport, { streams: atOnce });
    // Something that ran once is no measure of one.
    await workload(Math.min(atOnce, warmUp))(pair, warmUp);
    const seconds = await time(() => workload(atOnce)(pair, work));
    await pair.close();
    return (seconds / work) * 1e6;
  };
}

async function time(f: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await f();
  return (performance.now() - start) / 1000;
}

/** KiB by which the process has grown per idle connection. */
const memory: Measure = async (transport, work, warmUp) => {
  const pair = await createPair(transport);
  await handshakes(pair, Math.min(warmUp, 64));
  const resident = async () => {
    collectGarbage();
    // What was closed or acknowledged has been forgotten by then.
    await sleep(500);
    collectGarbage();
    return process.memoryUsage.rss();
  };
  const before = await resident();
  const clients = await open(pair, work);
  const after = await resident();
  await Promise.all(clients.map((client) => client.close()));
  await pair.close();
  return (after - before) / work / 1024;
};

/** KiB of JavaScript heap per end of a stream that is open and idle. */
const heap: Measure = async (transport, work, warmUp) => {
  let seen = 0;
  let onIdle = () => {};
  const pair = await createPair(transport, {
    streams: work + warmUp,
    onIdle: () => {
      seen++;
      onIdle();
    },
  });
  const idle = can(pair.client, 'idle');
  const openUpTo = (total: number) =>
    new Promise<void>((resolve) => {
      onIdle = () => {
        if (seen === total) resolve();
      };
      for (let n = seen; n < total; n++) idle();
    });
  await openUpTo(warmUp);
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  await openUpTo(warmUp + work);
  collectGarbage();
  const after = process.memoryUsage().heapUsed;
  await pair.close();
  return (after - before) / (2 * work) / 1024;
};

function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Absent('it has no gc()');
  globalThis.gc();
}

/**
 * The 99th percentile of the event loop's delay, in milliseconds, while this
 * process receives from another at full speed. It includes the resolution of the
 * monitor, 1 ms.
 */
const delay: Measure = async (transport, work, warmUp) => {
  if (typeof monitorEventLoopDelay !== 'function') {
    throw new Absent('it cannot monitor the delay of its event loop');
  }
  const ended: Array<() => void> = [];
  const next = () => new Promise<void>((resolve) => ended.push(resolve));
  const [warm, received] = [next(), next()];
  const server = await transport.listen({
    onReceived: () => ended.shift()?.(),
  });
  const [program, ...args] = JSON.parse(process.env.BENCH_COMMAND ?? '[]');
  const sender = spawn(
    program,
    [...args, 'send', ...[server.port, work, warmUp].map(String)],
    { stdio: ['pipe', 'ignore', 'inherit'] },
  );
  const failed = once(sender, 'close').then(() => {
    throw new Error('the sender ended early');
  });
  const monitor = monitorEventLoopDelay({ resolution: 1 });
  await Promise.race([warm, failed]);
  monitor.enable();
  await Promise.race([received, failed]);
  monitor.disable();
  failed.catch(() => {});
  sender.stdin.end();
  await server.close();
  return monitor.percentile(99) / 1e6;
};

/** The other process of `delay`. It ends when its stdin does. */
export async function send(
  transport: Transport,
  port: number,
  work: number,
  warmUp: number,
): Promise<void> {
  const client = await transport.connect(port);
  for (const mebibytes of [warmUp, work]) {
    await can(client, 'send')(mebibytes * 2 ** 20);
  }
  await once(process.stdin.resume(), 'end');
}

/**
 * Milliseconds by which processes that import the package live longer than those
 * that do nothing.
 */
const imports: Measure = async ({ module }, work, warmUp) => {
  if (module === undefined) throw new Absent('no package is imported for it');
  const codes = ['', `import '${module}'`];
  const times: Array<Array<number>> = [[], []];
  for (let i = -Math.ceil(warmUp); i < work; i++) {
    for (const [of, code] of codes.entries()) {
      const began = performance.now();
      const args = ['--input-type=module', '--eval', code];
      const { status } = spawnSync(process.execPath, args);
      if (status !== 0) throw new Error(`importing ${module} failed`);
      if (i >= 0) times[of].push(performance.now() - began);
    }
  }
  const [bare, imported] = times.map(
    (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)],
  );
  return imported - bare;
};
