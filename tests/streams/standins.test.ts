// The readables of streams and datagrams stand in for web streams. Random sequences of calls must
// give what they give on those of Node.
import assert from 'node:assert/strict';
import {
  type ReadableByteStreamController,
  ReadableStream,
  type ReadableStreamDefaultReader,
  WritableStream,
} from 'node:stream/web';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { utils } from '@matrixai/quic';
import ReadableFace from '#internal/web/ReadableFace.js';
import type { Pulled, Source } from '#internal/web/Source.js';

const timeout = 60_000;

/** What happens to a stream from below. */
interface Feed {
  stream: ReadableStream<Uint8Array>;
  arrive(chunk: Uint8Array): void;
  finish(): void;
  fail(reason: Error): void;
}

/** Where either kind of stream gets its chunks. */
class Chunks implements Source {
  state: 'open' | 'closed' | 'errored' = 'open';
  error: unknown;
  chunks: Array<Uint8Array> = [];
  isFinished = false;
  /** What is told of the end. */
  face!: Pick<ReadableFace, 'handleClosed' | 'handleError'>;

  get isDone(): boolean {
    return this.state === 'closed';
  }

  pull(): Pulled | undefined {
    const chunk = this.chunks.shift();
    return chunk && { chunk, done: this.#isLast };
  }

  pullInto(view: Uint8Array): { length: number; done: boolean } | undefined {
    const chunk = this.chunks.shift();
    if (chunk === undefined) return undefined;
    const length = Math.min(chunk.length, view.length);
    view.set(chunk.subarray(0, length));
    if (length < chunk.length) this.chunks.unshift(chunk.subarray(length));
    return { length, done: this.#isLast };
  }

  finish(): void {
    if (this.state !== 'open') return;
    this.state = 'closed';
    this.face.handleClosed();
  }

  cancel(): void {
    if (this.state !== 'open') return;
    this.chunks = [];
    this.finish();
  }

  fail(reason: unknown): void {
    if (this.state !== 'open') return;
    this.state = 'errored';
    this.error = reason;
    this.face.handleError();
  }

  /** Takes a chunk, unless it is over. */
  arrive(chunk: Uint8Array): boolean {
    if (this.state !== 'open') return false;
    this.chunks.push(chunk);
    return true;
  }

  /** No more chunks arrive. */
  end(): void {
    this.isFinished = true;
    if (this.chunks.length === 0) this.finish();
  }

  get #isLast(): boolean {
    return this.isFinished && this.chunks.length === 0;
  }
}

/** Streams of bytes serve readers with buffers of their own, those of chunks do not. */
type Kind = 'bytes' | undefined;

function standIn(kind: Kind): Feed {
  const source = new Chunks();
  if (kind === undefined) Object.assign(source, { pullInto: undefined });
  const face = new ReadableFace(source);
  source.face = face;
  return {
    stream: face.stream,
    arrive(chunk) {
      if (source.arrive(chunk)) face.wake();
    },
    finish: () => source.end(),
    fail: (reason) => source.fail(reason),
  };
}

function real(kind: Kind): Feed {
  const source = new Chunks();
  let controller!: ReadableByteStreamController;
  let wake: (() => void) | undefined;
  source.face = {
    handleClosed() {
      controller.close();
      controller.byobRequest?.respond(0);
      wake?.();
    },
    handleError: () => controller.error(source.error),
  };
  const serve = (): boolean => {
    const request = controller.byobRequest;
    const pulled =
      request == null
        ? source.pull()
        : source.pullInto(request.view as Uint8Array);
    if (pulled === undefined) return false;
    if ('chunk' in pulled) controller.enqueue(pulled.chunk);
    else request!.respond(pulled.length);
    if (pulled.done) source.finish();
    return true;
  };
  const stream = new ReadableStream<Uint8Array>(
    {
      type: kind as any,
      start(given) {
        controller = given as ReadableByteStreamController;
      },
      pull() {
        if (serve()) return undefined;
        return new Promise<void>((resolve) => {
          wake = resolve;
        });
      },
      cancel() {
        source.state = 'closed';
      },
    },
    { highWaterMark: 0 },
  );
  return {
    stream,
    arrive(chunk) {
      if (!source.arrive(chunk) || wake === undefined || !serve()) return;
      wake();
      wake = undefined;
    },
    finish: () => source.end(),
    fail: (reason) => source.fail(reason),
  };
}

/** Park-Miller: the same numbers on every machine. */
function randoms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

function text(value: any): string {
  if (value instanceof TypeError) return 'TypeError';
  if (value instanceof Uint8Array) return utils.textDecoder.decode(value);
  if (value !== null && typeof value === 'object' && 'done' in value) {
    return `${value.done} ${text(value.value)}`;
  }
  return String(value);
}

type Reader = Pick<
  ReadableStreamDefaultReader,
  'read' | 'cancel' | 'closed' | 'releaseLock'
>;

/** Does random things to a stream, and returns what became of each, in the order of the calls. */
async function run(feed: Feed, seed: number): Promise<Array<string>> {
  const random = randoms(seed);
  const outcomes: Array<string> = [];
  const readers: Array<Reader> = [];
  const attempt = (name: string, call: () => unknown) => {
    const i = outcomes.push(name) - 1;
    const note = (outcome: string) => {
      outcomes[i] += ` ${outcome}`;
    };
    try {
      const result = call();
      if (result instanceof Promise) {
        result.then(
          (value) => note(`=> ${text(value)}`),
          (e) => note(`! ${text(e)}`),
        );
      } else if (typeof result === 'boolean') {
        note(text(result));
      }
    } catch (e) {
      note(`threw ${text(e)}`);
    }
  };
  const { stream } = feed;
  const byob = () => {
    const reader = stream.getReader({ mode: 'byob' });
    readers.push({
      read: () => reader.read(new Uint8Array(4)) as Promise<any>,
      cancel: (reason) => reader.cancel(reason),
      releaseLock: () => reader.releaseLock(),
      get closed() {
        return reader.closed;
      },
    });
  };
  const actions: Array<[weight: number, act: (reader?: Reader) => void]> = [
    [
      3,
      () => attempt('getReader', () => void readers.push(stream.getReader())),
    ],
    [1, () => attempt('byob', byob)],
    [4, (reader) => reader && attempt('read', () => reader.read())],
    [2, (reader) => reader && attempt('release', () => reader.releaseLock())],
    [1, (reader) => reader && attempt('closed', () => reader.closed)],
    [1, (reader) => reader && attempt('reader.cancel', () => reader.cancel())],
    [1, () => attempt('cancel', () => stream.cancel())],
    [1, () => attempt('locked', () => stream.locked)],
    [
      4,
      () =>
        feed.arrive(
          utils.textEncoder.encode(`chunk ${Math.floor(random() * 1000)}`),
        ),
    ],
    [1, () => feed.finish()],
    [1, () => feed.fail(new Error('failed'))],
    [1, () => attempt('tee', () => stream.tee()[0].getReader().read())],
    [
      1,
      () =>
        attempt('pipeTo', () =>
          stream.pipeTo(new WritableStream(), { preventCancel: true }),
        ),
    ],
    [
      1,
      () => {
        const preventCancel = random() < 0.5;
        attempt('loop', async () => {
          for await (const chunk of stream.values({ preventCancel })) {
            return chunk;
          }
          return 'end';
        });
      },
    ],
  ];
  const bag = actions.flatMap(([weight, act]) => Array(weight).fill(act));
  for (let i = 0; i < 14; i++) {
    const reader = readers[Math.floor(random() * readers.length)];
    bag[Math.floor(random() * bag.length)](reader);
    for (let turns = 0; turns < 3; turns++) await setImmediate();
  }
  return outcomes;
}

for (const kind of ['bytes', undefined] as const) {
  test(`a readable of ${kind ?? 'chunks'} does what a web stream of Node does, whatever is called`, {
    timeout,
  }, async () => {
    for (let seed = 1; seed <= 400; seed++) {
      const [expected, got] = [
        await run(real(kind), seed * 7919),
        await run(standIn(kind), seed * 7919),
      ];
      assert.deepEqual(got, expected, `seed ${seed}`);
    }
  });
}
