// Single datagrams that a server gets from somebody who only wants to see what happens.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { until } from '../helpers/events.js';
import { connectionClose, initial, ping } from '../helpers/initial.js';
import { forEachIO } from '../helpers/io.js';
import { connect, startServer } from '../helpers/pair.js';
import { plainSocket } from '../helpers/plain.js';
import { exchange, KiB, payload, serveEcho } from '../helpers/streams.js';

const timeout = 30_000;
const version1 = 1;
const unknown = 0x7a6b5c4d;

/** A packet with a long header (RFC 8999 section 5.1). */
function long(
  version: number,
  size: number,
  { first = 0xc0, destination = 8, source = 8, ids = randomBytes(600) } = {},
): Buffer {
  const packet = randomBytes(size);
  packet[0] = first;
  packet.writeUInt32BE(version, 1);
  packet[5] = destination;
  packet.set(ids.subarray(0, destination), 6);
  packet[6 + destination] = source;
  packet.set(ids.subarray(destination, destination + source), 7 + destination);
  return packet;
}

function short(size: number, first = 0x40): Buffer {
  const packet = randomBytes(size);
  packet[0] = first;
  return packet;
}

function changed(packet: Buffer, at: number, by = 0xff): Buffer {
  packet[at] ^= by;
  return packet;
}

type Answer = 'nothing' | 'negotiation' | 'reset' | 'something';

const probes: Array<[name: string, probe: Buffer, answer: Answer]> = [
  ['no bytes', Buffer.alloc(0), 'nothing'],
  ['one byte', short(1), 'nothing'],
  ['a short header and nothing else', short(9), 'nothing'],
  ['a short packet too small for a reset', short(21), 'nothing'],
  ['the smallest short packet for a reset', short(22), 'reset'],
  ['a short packet as large as a keep-alive', short(30), 'reset'],
  ['a short packet of 42 bytes', short(42), 'reset'],
  ['a short packet of 43 bytes', short(43), 'reset'],
  ['a large short packet', short(1200), 'reset'],
  ['what is no QUIC', short(100, 0x00), 'nothing'],
  ['an unknown version', long(unknown, 1200), 'negotiation'],
  ['a reserved version', long(0x0a1a2a3a, 1200), 'negotiation'],
  [
    'an unknown version with IDs of 20 bytes',
    long(unknown, 1200, { destination: 20, source: 20 }),
    'negotiation',
  ],
  [
    'an unknown version with IDs of 21 bytes',
    long(unknown, 1200, { destination: 21, source: 21 }),
    'negotiation',
  ],
  [
    'an unknown version with IDs of 255 bytes',
    long(unknown, 1200, { destination: 255, source: 255 }),
    'negotiation',
  ],
  [
    'an unknown version with no IDs',
    long(unknown, 1200, { destination: 0, source: 0 }),
    'negotiation',
  ],
  ['a small packet of an unknown version', long(unknown, 1199), 'nothing'],
  [
    'a small packet of an unknown version with long IDs',
    long(unknown, 1199, { destination: 255, source: 255 }),
    'nothing',
  ],
  [
    'IDs that are cut off',
    long(unknown, 600, { destination: 255, source: 255 }).subarray(0, 100),
    'nothing',
  ],
  ['a Version Negotiation packet', long(0, 1200), 'nothing'],
  ['an Initial packet of random bytes', long(version1, 1200), 'nothing'],
  [
    'an Initial packet with IDs of 21 bytes',
    long(version1, 1200, { destination: 21, source: 21 }),
    'nothing',
  ],
  ['a 0-RTT packet', long(version1, 1200, { first: 0xd0 }), 'nothing'],
  ['a Handshake packet', long(version1, 1200, { first: 0xe0 }), 'nothing'],
  ['a Retry packet', long(version1, 1200, { first: 0xf0 }), 'nothing'],
  [
    'a first packet for an ID of 7 bytes',
    initial({ destination: randomBytes(7) }),
    'nothing',
  ],
  ['a first packet that is cut off', initial().subarray(0, 1199), 'nothing'],
  ['a first packet with a wrong tag', changed(initial(), 1199), 'nothing'],
  [
    'a first packet without the fixed bit',
    changed(initial(), 0, 0x40),
    'nothing',
  ],
  ['a first packet with a PING', initial({ frames: ping }), 'something'],
  [
    'a first packet with a CONNECTION_CLOSE',
    initial({ frames: connectionClose(0) }),
    'something',
  ],
  [
    'a first packet with a frame that is not allowed',
    initial({ frames: Buffer.from([0x08, 0x00, 0x00]) }),
    'something',
  ],
];

/** Sends datagrams to a server, and collects what comes back. */
async function prober(t: TestContext, port: number) {
  const socket = await plainSocket(t);
  let answers: Array<Buffer> = [];
  socket.on('message', (answer) => answers.push(answer));
  const send = (datagram: Buffer) => socket.send(datagram, port, '127.0.0.1');
  return async (probe: Buffer): Promise<Array<Buffer>> => {
    answers = [];
    send(probe);
    // What follows is answered in any case, and later
    for (let i = 0; i < 3; i++) {
      const ids = randomBytes(16);
      send(long(unknown, 1200, { ids }));
      const isLast = (a: Buffer) => a.subarray(6, 14).equals(ids.subarray(8));
      await until(() => answers.some(isLast));
      answers = answers.filter((answer) => !isLast(answer));
    }
    return answers;
  };
}

function kindOf(answer: Buffer, probe: Buffer): Answer {
  if ((answer[0] & 0x80) === 0) return 'reset';
  if (answer.readUInt32BE(1) !== 0) return 'something';
  // Its IDs are those of the probe, the other way round (RFC 9000 section 17.2.1)
  const length = 1 + probe[5];
  const other = 1 + probe[5 + length];
  const swapped = Buffer.concat([
    probe.subarray(5 + length, 5 + length + other),
    probe.subarray(5, 5 + length),
  ]);
  assert.deepEqual(answer.subarray(5, 5 + length + other), swapped);
  const versions = answer.subarray(5 + length + other);
  assert.equal(versions.length % 4, 0);
  assert.ok(versions.includes(Buffer.from([0, 0, 0, version1])));
  return 'negotiation';
}

forEachIO((io) => {
  test('a server answers to probes as it must, with no more than three times as much, and goes on', {
    timeout,
  }, async (t) => {
    const { port } = await startServer(t, io, { onStream: serveEcho });
    const probeWith = await prober(t, port);
    for (const [name, probe, expected] of probes) {
      await t.test(name, async () => {
        const answers = await probeWith(Buffer.from(probe));
        const size = answers.reduce((sum, { length }) => sum + length, 0);
        assert.ok(size <= 3 * probe.length, `${size} bytes`);
        const kinds = answers.map((answer) => kindOf(answer, probe));
        if (expected === 'something') return;
        assert.deepEqual(kinds, expected === 'nothing' ? [] : [expected]);
        if (expected !== 'reset') return;
        // RFC 9000 sections 10.3 and 10.3.3
        const [{ length }] = answers;
        assert.ok(length >= 21 && length < probe.length, `${length} bytes`);
      });
    }
    const { connection } = await connect(t, io, port);
    const echoed = await exchange(connection.newStream(), payload(KiB));
    assert.equal(echoed.byteLength, KiB);
  });
});
