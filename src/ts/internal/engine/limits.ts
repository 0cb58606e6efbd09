import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { availableParallelism, devNull } from 'node:os';
import { ErrorQUICNativeLibrary } from '../errors/library.js';

// Two of Go's poller, one or two while files are read, and some for what JavaScript opens meanwhile
const neededDescriptors = 8;

// Go runs some more than there are cores
const neededThreads = availableParallelism() + 6;

// To count the threads of a user takes the longer the more there are. A limit above this one leaves
// room.
const largestCounted = 1024;

/**
 * Go ends the process when the system refuses it what it needs as it starts.
 *
 * @throws {@link ErrorQUICNativeLibrary} when too few file descriptors or threads are left
 * @internal
 */
export function checkLimits(): void {
  checkDescriptors();
  if (process.platform === 'linux') checkThreads();
}

function checkDescriptors(): void {
  const opened: Array<number> = [];
  try {
    while (opened.length < neededDescriptors) {
      opened.push(openSync(devNull, 'r'));
    }
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException;
    // Where there is no such file, nothing can be said
    if (code !== 'EMFILE' && code !== 'ENFILE') return;
    throw new ErrorQUICNativeLibrary(
      `the native library needs ${neededDescriptors} free file descriptors to start, and there are ${opened.length} (${code}). Close files or sockets, or raise the limit (\`ulimit -n\`).`,
      { cause: e },
    );
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}

function checkThreads(): void {
  const [left, remedy] = [
    [
      leftInGroup(),
      '`pids.max` of the control group, `--pids-limit` of a container',
    ],
    [leftOfUser(), '`ulimit -u`'],
  ].sort(([a], [b]) => Number(a) - Number(b))[0];
  if (Number(left) >= neededThreads) return;
  throw new ErrorQUICNativeLibrary(
    `the native library needs ${neededThreads} threads to start, and the system allows ${left} more. Raise the limit (${remedy}).`,
  );
}

/** How many threads the control group of this process may have besides those that it has. */
function leftInGroup(): number {
  const groups = read('/proc/self/cgroup') ?? '';
  for (const [, controllers, path] of groups.matchAll(/^\d+:(.*?):(.*)$/gm)) {
    if (controllers !== '' && !controllers.split(',').includes('pids'))
      continue;
    const root = `/sys/fs/cgroup${controllers === '' ? '' : '/pids'}`;
    // A container may see its own group as the root
    for (const folder of [`${root}${path}`, root]) {
      const most = read(`${folder}/pids.max`);
      if (most === undefined) continue;
      const left = Number(most) - Number(read(`${folder}/pids.current`));
      if (!Number.isNaN(left)) return Math.max(left, 0);
      break;
    }
  }
  return Number.POSITIVE_INFINITY;
}

/**
 * How many threads the user may have besides those that he has in all processes (setrlimit(2),
 * RLIMIT_NPROC).
 */
function leftOfUser(): number {
  const [, limit] =
    /^Max processes +(\d+)/m.exec(read('/proc/self/limits') ?? '') ?? [];
  const user = process.getuid?.();
  if (limit === undefined || Number(limit) > largestCounted || user === 0) {
    return Number.POSITIVE_INFINITY;
  }
  let threads = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (statSync(`/proc/${name}`).uid !== user) continue;
    } catch {
      continue; // it has ended
    }
    const [, count] =
      /^Threads:\s+(\d+)/m.exec(read(`/proc/${name}/status`) ?? '') ?? [];
    threads += Number(count ?? 0);
  }
  return Math.max(Number(limit) - threads, 0);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
