/** A bench: a fixed amount of work, the same for every implementation. */
export interface Bench {
  name: string;
  /** What the tables say that it measures. */
  title: string;
  unit: string;
  /** Whether a smaller value is better. */
  less?: boolean;
  /**
   * Amount of work in one measure: MiB, echoes, datagrams, connections, streams or processes. It is
   * sized so that the library takes some seconds or less, and that the warm-up, which is an eighth
   * of it, is enough for compilers and windows to settle.
   */
  work: number;
  /** Whether peers are left out. */
  own?: boolean;
  /** Most rounds that measure it, when less are enough. */
  rounds?: number;
  /** The row and column in the table of what grows with a number. */
  step?: { of: string; atOnce: number };
  targets?: Array<Target>;
}

/** What an I/O mode should reach. */
export interface Target {
  /** Relative to the best of these implementations; absolute if there are none. */
  of: Array<string>;
  /** At least, or at most where less is better. */
  native?: number;
  dgram?: number;
}

const quicGo = ['quic-go'];
const http2 = ['http2'];

export const benches: Array<Bench> = [
  {
    name: 'bulk',
    title: 'bulk, one stream, 64 KiB chunks',
    unit: 'MB/s',
    work: 512,
    targets: [
      { of: quicGo, native: 1, dgram: 0.35 },
      { of: ['http3-portable', 'http3-fast'], native: 1 },
      { of: ['quic-v2'], dgram: 100 },
    ],
  },
  {
    name: 'bulk-16',
    title: 'bulk, 16 streams at once',
    unit: 'MB/s',
    work: 512,
    targets: [{ of: quicGo, native: 1, dgram: 0.35 }],
  },
  {
    name: 'echo-1',
    title: '1 KiB echo, one at a time',
    unit: 'echoes/s',
    work: 6_000,
    targets: [{ of: http2, native: 1, dgram: 0.8 }],
  },
  {
    name: 'echo-32',
    title: '1 KiB echo, 32 at once',
    unit: 'echoes/s',
    work: 24_000,
    targets: [{ of: http2, native: 1.5, dgram: 1.2 }],
  },
  {
    name: 'datagrams',
    title: 'datagrams of 1,100 bytes that arrive',
    unit: 'datagrams/s',
    work: 200_000,
    own: true,
    targets: [{ of: quicGo, native: 0.5, dgram: 0.25 }],
  },
  {
    name: 'handshakes',
    title: 'full handshakes, 4 at once',
    unit: 'handshakes/s',
    work: 4_000,
    targets: [{ of: quicGo, native: 0.6, dgram: 0.5 }],
  },
  {
    name: 'lossy',
    title: 'bulk, 20 ms round trip, 1 % loss',
    unit: 'MB/s',
    work: 4,
    own: true,
    targets: [{ of: quicGo, native: 0.95, dgram: 0.95 }],
  },
  {
    name: 'memory',
    title: 'resident memory per idle connection, both ends',
    unit: 'KiB',
    less: true,
    work: 5_000,
    rounds: 1,
    targets: [{ of: quicGo, native: 1.5, dgram: 1.5 }],
  },
  {
    name: 'heap',
    title: 'JS heap per end of an idle stream',
    unit: 'KiB',
    less: true,
    work: 50_000,
    rounds: 1,
    targets: [{ of: [], native: 4, dgram: 4 }],
  },
  {
    name: 'delay',
    title: 'event-loop delay p99 while receiving bulk',
    unit: 'ms',
    less: true,
    work: 256,
    targets: [{ of: [], native: 10, dgram: 20 }],
  },
  {
    name: 'import',
    title: 'import, beyond the start of Node.js',
    unit: 'ms',
    less: true,
    work: 20,
    targets: [{ of: [], native: 40, dgram: 40 }],
  },
  ...steps(
    'connections',
    'opened, one echo over each',
    [1, 10, 100, 1_000],
    200,
  ),
  ...steps('streams', 'echoed at once', [1, 10, 100, 1_000, 10_000], 2_000),
];

/** Benches that show whether the cost of one grows with their number. */
function steps(
  of: string,
  what: string,
  numbers: Array<number>,
  atLeast: number,
): Array<Bench> {
  return numbers.map((atOnce) => ({
    name: `${of}-${atOnce}`,
    title: `${atOnce} ${of} ${what}, each`,
    unit: 'µs',
    less: true,
    work: Math.max(atOnce, atLeast),
    own: true,
    step: { of, atOnce },
  }));
}
