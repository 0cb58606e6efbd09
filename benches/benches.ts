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
   * of it, is enough for compilers and windows to settle. Over a line it is the number of seconds,
   * as implementations differ too much in what they send over it.
   */
  work: number;
  /** Options of the relay, which then is the line between client and server. */
  line?: string;
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
  /** Whether the I/O modes have BBR to reach it. */
  bbr?: boolean;
  /** At least, or at most where less is better. */
  native?: number;
  dgram?: number;
}

const quicGo = ['quic-go'];
const http2 = ['http2'];

const lineSeconds = 5;
// Cubic needs more time to fill the buffer.
const bloatedSeconds = 10;
const bloated = '-rtt 40ms -loss 0 -rate 10e6 -buffer 200000';

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
    name: 'bulk-cpu',
    title: 'CPU for 1 GB in bulk, both ends',
    unit: 's',
    less: true,
    work: 512,
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
    name: 'echo-32-cpu',
    title: 'CPU for a thousand echoes of 1 KiB, 32 at once, both ends',
    unit: 's',
    less: true,
    work: 24_000,
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
    name: 'relay',
    title: 'bulk through the relay, no delay, no loss',
    unit: 'MB/s',
    work: lineSeconds,
    line: '-rtt 0 -loss 0',
    own: true,
  },
  {
    name: 'lossy-20ms-1%',
    title: 'bulk, 20 ms round trip, 1 % loss',
    unit: 'MB/s',
    work: lineSeconds,
    line: '-rtt 20ms -loss 0.01',
    // Without BBR it has Cubic, and quic-go a NewReno that slows down less
    targets: [{ of: quicGo, bbr: true, native: 25 }],
  },
  {
    name: 'lossy-100ms-1%',
    title: 'bulk, 100 ms round trip, 1 % loss',
    unit: 'MB/s',
    work: lineSeconds,
    line: '-rtt 100ms -loss 0.01',
  },
  {
    name: 'lossy-50ms-3%',
    title: 'bulk, 50 ms round trip, 3 % loss',
    unit: 'MB/s',
    work: lineSeconds,
    line: '-rtt 50ms -loss 0.03',
  },
  {
    name: 'long-fat',
    title: 'bulk, 100 ms round trip, 400 Mbit/s',
    unit: 'MB/s',
    work: lineSeconds,
    // The buffer holds what is under way: one BDP.
    line: '-rtt 100ms -loss 0 -rate 400e6 -buffer 5000000',
    targets: [{ of: ['native'], bbr: true, native: 1 }],
  },
  {
    name: 'bufferbloat',
    title: 'bulk, 40 ms round trip, 10 Mbit/s, buffer of 4 BDP',
    unit: 'MB/s',
    work: bloatedSeconds,
    line: bloated,
  },
  {
    name: 'bufferbloat-rtt',
    title: 'round trip p95, 10 Mbit/s, buffer of 4 BDP',
    unit: 'ms',
    less: true,
    work: bloatedSeconds,
    line: bloated,
    targets: [{ of: ['native'], bbr: true, native: 0.5 }],
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
