import { SingleBar } from 'cli-progress';

/** Milliseconds between two plain lines. */
const lineInterval = 1000;

export interface Progress {
  /** Takes the bytes that are done so far. */
  update: (done: number) => void;
  stop: () => void;
}

/**
 * Shows how far a transfer is: a bar on a terminal, otherwise plain lines, at
 * most one per second.
 *
 * @param total - bytes
 */
export function startProgress(label: string, total: number): Progress {
  const start = performance.now();
  const state = (done: number) => {
    const rate = (done / (performance.now() - start)) * 1000 || 0;
    return {
      label: label.padEnd(6),
      percent: total === 0 ? 100 : Math.floor((done / total) * 100),
      rate: (rate / 1e6).toFixed(1),
      left: rate > 0 ? Math.ceil((total - done) / rate) : '?',
    };
  };
  return process.stdout.isTTY
    ? startBar(total, state)
    : startLines(total, state);
}

/** What is shown; `left` is in seconds, `rate` in MB/s. */
type State = (done: number) => {
  label: string;
  percent: number;
  rate: string;
  left: number | string;
};

function startBar(total: number, state: State): Progress {
  const bar = new SingleBar({
    stream: process.stdout,
    format: '{label} [{bar}] {percent} %  {rate} MB/s  ETA {left} s',
    barsize: 30,
    // Leaves the terminal as it is, also when the process is interrupted.
    linewrap: true,
  });
  bar.start(total, 0, state(0));
  return {
    // A file can grow after its size was taken.
    update: (done) => {
      const shown = Math.min(done, total);
      bar.update(shown, state(shown));
    },
    stop: () => bar.stop(),
  };
}

function startLines(total: number, state: State): Progress {
  let last = performance.now();
  return {
    update: (done) => {
      if (performance.now() - last < lineInterval) return;
      last = performance.now();
      const { label, percent, rate, left } = state(Math.min(done, total));
      console.log(`${label} ${percent} %  ${rate} MB/s  ETA ${left} s`);
    },
    stop: () => {},
  };
}
