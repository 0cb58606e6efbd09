// The readable of a stream stands in for a web stream. Random sequences of calls must give what they
// give on one of Node's.
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
import ReadableSide, {
  type ReadableSource,
} from '@matrixai/quic/streams/ReadableSide.js';

const timeout = 60_000;

/** What happens to a stream from below. */
interface Feed {
  stream: ReadableStream<Uint8Array>;
  arrive(chunk: Uint8Array): void;
  finish(): void;
  fail(reason: Error): void;
}

class Source implements ReadableSource {
  chunks: Array<Uint8Array> = [];
  isFinished = false;
  isOver = false;
  side!: ReadableSide;

  pull(): Uint8Array | undefined {
    return this.chunks.shift();
  }

  pullInto(view: Uint8Array): number {
    const chunk = this.chunks.shift();
    if (chunk === undefined) return 0;
    const length = Math.min(chunk.length, view.length);
    view.set(chunk.subarray(0, length));
    if (length < chunk.length) this.chunks.unshift(chunk.subarray(length));
    return length;
  }

  pulled(): void {
    if (!this.isFinished || this.chunks.length > 0 || this.isOver) return;
    this.isOver = true;
    this.side.close();
  }

  stopReading(): void {
    this.isOver = true;
  }

  /** Takes a chunk, unless it is over, as does `fail` with a failure. */
  arrive(chunk: Uint8Array): boolean {
    if (this.isOver) return false;
    this.chunks.push(chunk);
    return true;
  }

  finish(): void {
    this.isFinished = true;
    this.pulled();
  }

  fail(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    return true;
  }
}

function standIn(): Feed {
  const source = new Source();
  source.side = new ReadableSide(source);
  return {
    stream: source.side.stream,
    arrive(chunk) {
      if (source.arrive(chunk)) source.side.wake();
    },
    finish: () => source.finish(),
    fail(reason) {
      if (source.fail()) source.side.fail(reason);
    },
  };
}

function real(): Feed {
  const source = new Source();
  let controller!: ReadableByteStreamController;
  let wake: (() => void) | undefined;
  source.side = {
    close() {
      controller.close();
      controller.byobRequest?.respond(0);
      wake?.();
    },
  } as ReadableSide;
  const serve = (): boolean => {
    const request = controller.byobRequest;
    let length: number;
    if (request == null) {
      const chunk = source.pull();
      length = chunk?.length ?? 0;
      if (chunk !== undefined) controller.enqueue(chunk);
    } else {
      length = source.pullInto(request.view as Uint8Array);
      if (length > 0) request.respond(length);
    }
    source.pulled();
    return length > 0;
  };
  const stream = new ReadableStream(
    {
      type: 'bytes',
      start(given: ReadableByteStreamController) {
        controller = given;
      },
      pull() {
        if (serve()) return undefined;
        return new Promise<void>((resolve) => {
          wake = resolve;
        });
      },
      cancel: () => source.stopReading(),
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
    finish: () => source.finish(),
    fail(reason) {
      if (source.fail()) controller.error(reason);
    },
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

test('a readable does what a web stream of Node does, whatever is called', {
  timeout,
}, async () => {
  for (let seed = 1; seed <= 400; seed++) {
    const [expected, got] = [
      await run(real(), seed * 7919),
      await run(standIn(), seed * 7919),
    ];
    assert.deepEqual(got, expected, `seed ${seed}`);
  }
});
