import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { errors, events } from '@matrixai/quic';
import { Hostile, type Outcome, reasonNotToUse } from '../helpers/aioquic.js';
import { on, once } from '../helpers/events.js';
import { forEachIO, type IO } from '../helpers/io.js';
import {
  connect,
  credentials,
  type Side,
  sides,
  startServer,
  startSocket,
} from '../helpers/pair.js';
import { isFull } from '../helpers/scale.js';
import {
  exchange,
  KiB,
  MiB,
  payload,
  serveEcho,
  sha256,
} from '../helpers/streams.js';
import { assertPlain } from '../helpers/texts.js';

const timeout = 120_000;
const skip = await reasonNotToUse();

/** An integer of variable length (RFC 9000 section 16). */
function varint(value: number): string {
  const length =
    value < 2 ** 6 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 30 ? 4 : 8;
  const prefix = BigInt(Math.log2(length)) << BigInt(length * 8 - 2);
  return (prefix | BigInt(value)).toString(16).padStart(length * 2, '0');
}

/** A frame of integers, and of what is hex already. */
function frame(...fields: Array<number | string>): string {
  return fields
    .map((field) => (typeof field === 'number' ? varint(field) : field))
    .join('');
}

// RFC 9000 section 19
const type = {
  ack: 0x02,
  resetStream: 0x04,
  stopSending: 0x05,
  crypto: 0x06,
  newToken: 0x07,
  stream: 0x08,
  maxStreamData: 0x11,
  maxStreams: 0x12,
  newConnectionId: 0x18,
  retireConnectionId: 0x19,
  pathChallenge: 0x1a,
  handshakeDone: 0x1e,
  datagram: 0x31,
};
const withOffset = 0x04;
const withLength = 0x02;
const withFin = 0x01;

// RFC 9000 section 20.1
const code = {
  flowControlError: 0x3,
  streamLimitError: 0x4,
  streamStateError: 0x5,
  finalSizeError: 0x6,
  frameEncodingError: 0x7,
  connectionIdLimitError: 0x9,
  protocolViolation: 0xa,
  cryptoBufferExceeded: 0xd,
};

function stream(id: number, offset: number, size: number, flags = 0): string {
  const first = type.stream | withOffset | withLength | flags;
  return frame(first, id, offset, size, '00'.repeat(size));
}

function newConnectionId(
  sequence: number,
  retirePriorTo = 0,
  id = varint(2 ** 50 + sequence),
): string {
  const token = id.padStart(32, '0');
  const length = (id.length / 2).toString(16).padStart(2, '0');
  return frame(
    type.newConnectionId,
    sequence,
    retirePriorTo,
    length,
    id,
    token,
  );
}

type Attack = { name: string; frames: Array<string>; expected: number };

// Kinds of streams are told by the two low bits of their IDs (section 2.1)
const uni = 2;

/** What a peer may not send, and how it is answered. */
function attacks(role: Side): Array<Attack> {
  const [theirs, ours] = role === 'client' ? [0, 1] : [1, 0];
  const list: Array<[string, Array<string>, number]> = [
    [
      'a stream beyond the limit',
      [stream(4 * 100 + theirs, 0, 1)],
      code.streamLimitError,
    ],
    [
      'data beyond the window of a stream',
      [stream(theirs, 2 ** 40, 1)],
      code.flowControlError,
    ],
    [
      'data beyond the window of a connection',
      Array.from({ length: 100 }, (_, i) =>
        stream(4 * i + theirs, 500 * KiB, 1),
      ),
      code.flowControlError,
    ],
    [
      'data of a stream that this end alone sends on',
      [stream(ours + uni, 0, 1)],
      code.streamStateError,
    ],
    [
      'data of a stream of this end that it did not open',
      [stream(400 + ours, 0, 1)],
      code.streamStateError,
    ],
    [
      'data beyond the end of a stream',
      [stream(theirs, 0, 10, withFin), stream(theirs, 10, 1)],
      code.finalSizeError,
    ],
    [
      'a reset below what was received',
      [stream(theirs, 0, 10), frame(type.resetStream, theirs, 0, 5)],
      code.finalSizeError,
    ],
    [
      'a reset of another size than the end',
      [stream(theirs, 0, 10, withFin), frame(type.resetStream, theirs, 0, 11)],
      code.finalSizeError,
    ],
    [
      'a second reset of another size',
      [
        frame(type.resetStream, theirs, 0, 10),
        frame(type.resetStream, theirs, 0, 11),
      ],
      code.finalSizeError,
    ],
    [
      'a reset beyond the window of a stream',
      [frame(type.resetStream, theirs, 0, 2 ** 40)],
      code.flowControlError,
    ],
    [
      'a reset of a stream beyond the limit',
      [frame(type.resetStream, 4 * 100 + theirs, 0, 0)],
      code.streamLimitError,
    ],
    [
      'a reset of a stream that this end alone sends on',
      [frame(type.resetStream, ours + uni, 0, 0)],
      code.streamStateError,
    ],
    [
      'STOP_SENDING of a stream that the peer alone sends on',
      [frame(type.stopSending, theirs + uni, 0)],
      code.streamStateError,
    ],
    [
      'STOP_SENDING of a stream that was never opened',
      [frame(type.stopSending, 400 + ours, 0)],
      code.streamStateError,
    ],
    [
      'MAX_STREAM_DATA of a stream that the peer alone sends on',
      [frame(type.maxStreamData, theirs + uni, 1)],
      code.streamStateError,
    ],
    [
      'MAX_STREAMS of more than there can be',
      [frame(type.maxStreams, 2 ** 61)],
      code.frameEncodingError,
    ],
    [
      'more connection IDs than were asked for',
      Array.from({ length: 20 }, (_, i) => newConnectionId(i + 100)),
      code.connectionIdLimitError,
    ],
    [
      'a connection ID that is to retire itself',
      [newConnectionId(2, 3)],
      code.frameEncodingError,
    ],
    [
      'a connection ID of 21 bytes',
      [newConnectionId(1, 0, 'ab'.repeat(21))],
      code.frameEncodingError,
    ],
    [
      'the retirement of a connection ID that was never given',
      [frame(type.retireConnectionId, 1000)],
      code.protocolViolation,
    ],
    [
      'an acknowledgement of what was not sent',
      [frame(type.ack, 2 ** 30, 0, 0, 0)],
      code.protocolViolation,
    ],
    [
      'more of a handshake than is kept',
      [frame(type.crypto, 2 ** 20, 1, '00')],
      code.cryptoBufferExceeded,
    ],
    ['a frame of no known type', [frame(0x3f)], code.frameEncodingError],
    [
      'a frame that ends early',
      [frame(type.newConnectionId, 1)],
      code.frameEncodingError,
    ],
    [
      'a datagram where none are taken',
      [frame(type.datagram, 1, '00')],
      code.frameEncodingError,
    ],
  ];
  if (role === 'client') {
    list.push(
      [
        'HANDSHAKE_DONE of a client',
        [frame(type.handshakeDone)],
        code.protocolViolation,
      ],
      [
        'NEW_TOKEN of a client',
        [frame(type.newToken, 1, '00')],
        code.protocolViolation,
      ],
    );
  }
  return list.map(([name, frames, expected]) => ({ name, frames, expected }));
}

/** What a peer may send, but not so much of it. */
function floods(role: Side): Array<{ name: string; frames: Array<string> }> {
  const theirs = role === 'client' ? 0 : 1;
  const count = isFull ? 100_000 : 5000;
  const times = (make: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => make(i));
  const list = [
    {
      name: 'challenges of the path',
      frames: times((i) =>
        frame(type.pathChallenge, i.toString(16).padStart(16, '0')),
      ),
    },
    {
      name: 'single bytes with gaps',
      frames: times((i) => stream(theirs, 2 * i + 1, 1)),
    },
    {
      name: 'resets of the same streams',
      frames: times((i) =>
        frame(type.resetStream, 4 * (i % 100) + theirs + uni, 0, 0),
      ),
    },
  ];
  if (isFull) {
    // It ends with an idle timeout, as the peer does not know its own
    list.push({
      name: 'connection IDs that retire all earlier ones',
      frames: times((i) => newConnectionId(i + 100, i + 100)),
    });
  }
  return list;
}

/** The end that is attacked. */
type Target = {
  attack(frames: Array<string>): Promise<{ outcome: Outcome; error: unknown }>;
  /** Serves a peer that does no harm. */
  attendGood(): Promise<void>;
};

async function makeTarget(t: TestContext, io: IO, role: Side): Promise<Target> {
  const socket = await startSocket(t, io);
  const server = await startServer(t, io, { socket, onStream: serveEcho });
  const { connection } = await connect(t, io, server.port, { socket });
  const attendGood = async () => {
    const late = await connect(t, io, server.port, { socket });
    for (const good of [connection, late.connection]) {
      const data = payload(64 * KiB);
      const echoed = await exchange(good.newStream(), data);
      assert.equal(sha256(echoed), sha256(data));
    }
  };
  if (role === 'client') {
    const hostile = await Hostile.start(t, 'client');
    return {
      async attack(frames) {
        const failed = once(server, events.EventQUICConnectionError);
        const outcome = await hostile.attack(server.port, frames);
        const { detail } = await failed;
        return { outcome, error: detail };
      },
      attendGood,
    };
  }
  const { cert, key } = credentials;
  const hostile = await Hostile.start(t, 'server', cert, key);
  const port = await hostile.next<number>();
  return {
    async attack(frames) {
      const client = await connect(t, io, port, { socket });
      on(
        client.connection,
        events.EventQUICConnectionStream,
        ({ detail: stream }) => serveEcho(stream),
      );
      const failed = once(client, events.EventQUICConnectionError);
      const stream = client.connection.newStream();
      stream.closedP.catch(() => {});
      const asked = new Blob([JSON.stringify(frames)]);
      asked
        .stream()
        .pipeTo(stream.writable)
        .catch(() => {});
      const outcome = await hostile.next<Outcome>();
      const { detail } = await failed;
      return { outcome, error: detail };
    },
    attendGood,
  };
}

const residentMiB = () => process.memoryUsage.rss() / MiB;

forEachIO((io) => {
  for (const role of sides) {
    test(`a ${role} that breaks the rules is told of it, and harms nobody else`, {
      timeout,
      skip,
    }, async (t) => {
      const target = await makeTarget(t, io, role);
      const calm = await target.attack([]);
      assert.deepEqual(calm.outcome, { echoed: KiB });
      for (const { name, frames, expected } of attacks(role)) {
        await t.test(name, async () => {
          const { outcome, error } = await target.attack(frames);
          const both = `got ${JSON.stringify(outcome)}, and here ${error}`;
          assert.ok('code' in outcome, both);
          assert.equal(outcome.code, expected, both);
          assert.ok(error instanceof errors.ErrorQUICConnectionLocal);
          assert.equal(error.data.errorCode, expected);
          assertPlain(error);
        });
      }
      await target.attendGood();
    });

    test(`a ${role} that floods with frames costs bounded memory`, {
      timeout,
      skip,
    }, async (t) => {
      const target = await makeTarget(t, io, role);
      for (const { name, frames } of floods(role)) {
        await t.test(name, async (t) => {
          const before = residentMiB();
          const { outcome } = await target.attack(frames);
          t.diagnostic(JSON.stringify(outcome));
          const grown = residentMiB() - before;
          assert.ok(grown < 50, `${grown} MiB more`);
          await target.attendGood();
        });
      }
    });
  }
});
