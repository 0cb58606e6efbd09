import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import {
  events,
  type QUICConnection,
  type QUICStream,
  type StreamCodeToReason,
  type StreamReasonToCode,
} from '@matrixai/quic';
import { on } from '../helpers/events.js';
import { readAll, writeAll } from '../helpers/streams.js';
import { Unsupported } from './peers.js';

/** What `protocol.md` says, on this library. */

class Code extends Error {
  constructor(readonly code: number) {
    super(`code ${code}`);
  }
}

export const codes: {
  reasonToCode: StreamReasonToCode;
  codeToReason: StreamCodeToReason;
} = {
  reasonToCode: (_, reason) => (reason instanceof Code ? reason.code : 0),
  codeToReason: (_, code) => new Code(code),
};

const patterns = new Map<number, Buffer>();

/** That many bytes: 0, 1, … 255, 0, … */
function pattern(size: number): Buffer {
  let made = patterns.get(size);
  if (made === undefined) {
    made = Buffer.alloc(
      size,
      Uint8Array.from({ length: 256 }, (_, i) => i),
    );
    patterns.set(size, made);
  }
  return made;
}

/** Serves a peer, and remembers the codes that it sent. */
export function serve(connection: QUICConnection): void {
  const last: Record<string, number> = {};
  const remember = (what: string) => (e: unknown) => {
    if (e instanceof Code) last[what] = e.code;
  };
  on(connection, events.EventQUICConnectionStream, ({ detail: stream }) => {
    void answer(connection, stream, last).catch(remember('reset'));
  });
  void (async () => {
    const writer = connection.datagrams.writable.getWriter();
    for await (const datagram of connection.datagrams.readable) {
      await writer.write(datagram);
    }
  })().catch(() => {});
}

async function answer(
  connection: QUICConnection,
  stream: QUICStream,
  last: Record<string, number>,
): Promise<void> {
  const chunks: Array<Uint8Array> = [];
  const reader = stream.readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    const [command, code] = Buffer.from(chunks[0]).toString().split(' ');
    if (command === 'STOP') return reader.cancel(new Code(Number(code)));
  }
  const data = Buffer.concat(chunks);
  const [command, first, ...rest] = data.subarray(0, 200).toString().split(' ');
  if (stream.type === 'uni') {
    const back = connection.newStream('uni');
    await writeAll(back.writable, data);
    return;
  }
  switch (command) {
    case 'RESET':
      await stream.writable.abort(new Code(Number(first)));
      return;
    case 'CLOSE':
      await connection.stop({
        isApp: true,
        errorCode: Number(first),
        reason: Buffer.from(rest.join(' ')),
        force: true,
      });
      return;
  }
  try {
    await writeAll(stream.writable, reply(command, Number(first), data, last));
  } catch (e) {
    if (e instanceof Code) last.stop = e.code;
  }
}

function reply(
  command: string,
  size: number,
  data: Buffer,
  last: Record<string, number>,
): Uint8Array {
  if (command === 'GET') return pattern(size);
  if (command === 'LAST') return Buffer.from(JSON.stringify(last));
  return data;
}

/** Sends a request, and returns the answer. */
export async function ask(
  connection: QUICConnection,
  request: Uint8Array | string,
): Promise<Buffer> {
  const stream = connection.newStream();
  const [answer] = await Promise.all([
    readAll(stream.readable),
    writeAll(stream.writable, Buffer.from(request)),
  ]);
  return Buffer.from(answer);
}

export async function get(
  connection: QUICConnection,
  size: number,
): Promise<void> {
  const answer = await ask(connection, `GET ${size}`);
  assert.ok(answer.equals(pattern(size)), `${answer.length} of ${size}`);
}

export async function send(
  connection: QUICConnection,
  size: number,
): Promise<void> {
  const data = pattern(size);
  assert.ok((await ask(connection, data)).equals(data));
}

export async function uni(connection: QUICConnection): Promise<void> {
  const stream = connection.newStream('uni');
  await writeAll(stream.writable, Buffer.from('one way'));
  for await (const back of connection.incomingStreams) {
    assert.equal(String(Buffer.from(await readAll(back.readable))), 'one way');
    return;
  }
}

export async function datagram(connection: QUICConnection): Promise<void> {
  const { readable, writable } = connection.datagrams;
  const writer = writable.getWriter();
  const read = readable.getReader().read();
  for (let isBack = false; !isBack; ) {
    await writer.write(Buffer.from('hi')).catch((e) => {
      throw e.data?.peer === false ? new Unsupported('datagrams') : e;
    });
    isBack = await Promise.race([
      read.then(() => true),
      setTimeout(100, false),
    ]);
  }
  const { value } = await read;
  assert.equal(String(Buffer.from(value!)), 'hi');
}

/** Why the answer fails of a peer that is asked to reset it. */
export async function resetOf(
  connection: QUICConnection,
  code: number | bigint,
): Promise<{ code: number }> {
  const answer = await ask(connection, `RESET ${code}`).catch((e) => e);
  if (answer instanceof Code) return answer;
  throw Buffer.isBuffer(answer) ? new Unsupported('codes of streams') : answer;
}

/** Codes in both directions of a stream. */
export async function streamCodes(
  connection: QUICConnection,
  code: number,
): Promise<void> {
  assert.deepEqual(await resetOf(connection, code), new Code(code));
  const stopped = connection.newStream();
  const writer = stopped.writable.getWriter();
  await writer.write(Buffer.from(`STOP ${code}`));
  await assert.rejects(writer.closed, new Code(code));
  const reset = connection.newStream();
  const resetter = reset.writable.getWriter();
  await resetter.write(Buffer.from('x'));
  await ask(connection, 'x');
  await resetter.abort(new Code(code));
  for (;;) {
    const last = JSON.parse((await ask(connection, 'LAST')).toString());
    if (last.reset === code) break;
  }
}

/** What a peer closed a connection with. */
export async function closedWith(connection: QUICConnection) {
  await connection.closedP;
  const { isApp, errorCode, reason } = connection.getConnectionError()!;
  return { isApp, errorCode, reason: Buffer.from(reason).toString() };
}
