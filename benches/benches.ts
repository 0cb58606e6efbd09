/** A bench: a fixed amount of work, the same for every implementation. */
export interface Bench {
  name: string;
  /** What the table says that it measures. */
  title: string;
  /** Unit of the value that is measured; more is better. */
  unit: string;
  /** Amount of work in one measure: MiB, echoes or handshakes. */
  work: number;
}

// Sized so that plain quic-go takes about a second or less and the slowest
// implementation some seconds.
export const benches: Array<Bench> = [
  { name: 'bulk', title: 'bulk, one stream', unit: 'MB/s', work: 512 },
  {
    name: 'echo-1',
    title: '1 KiB echo, one at a time',
    unit: 'echoes/s',
    work: 20_000,
  },
  {
    name: 'echo-32',
    title: '1 KiB echo, 32 at once',
    unit: 'echoes/s',
    work: 60_000,
  },
  {
    name: 'handshakes',
    title: 'full handshakes, 4 at once',
    unit: 'handshakes/s',
    work: 2_000,
  },
];
