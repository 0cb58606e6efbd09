import { createHistogram } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { RWLockWriter } from '@matrixai/async-locks';
import {
  errors,
  events,
  QUICClient,
  type QUICClientConfigInput,
  type QUICConnection,
} from '@matrixai/quic';
import { on } from '../helpers/events.js';
import type { IO } from '../helpers/io.js';
import { watch } from '../helpers/level.js';
import { credentials } from '../helpers/pair.js';
import type { Random } from '../helpers/random.js';
import { exchange, KiB, MiB, payload } from '../helpers/streams.js';

/** What takes longer hangs. In milliseconds. */
const patience = 60_000;

export const config = {
  maxIdleTimeout: 30_000,
  // Also while clients pause
  keepAliveIntervalTime: 5000,
  enableDgram: [true, 100, 100] satisfies [boolean, number, number],
};

type ConnectOptions = QUICClientConfigInput & { session?: Uint8Array };

/** What all clients did together. */
export class Tally {
  /** Echoed, since the last line. */
  bytes = 0;
  echoes = 0;
  /** Of echoes of a KiB since the last line, in microseconds. */
  readonly times = createHistogram();
  datagrams = { sent: 0, received: 0 };
  connections = 0;
  resumed = 0;
  /** Read by those that connect, written by what changes addresses. */
  readonly handshakes = new RWLockWriter();
  /** What must not happen. */
  readonly problems: Array<string> = [];

  reset(): void {
    this.bytes = 0;
    this.echoes = 0;
    this.times.reset();
  }
}

/** A client that does one thing after the other, until it is paused. */
export class Load {
  private client?: QUICClient;
  private session?: Uint8Array;
  private running = Promise.resolve();
  private isPaused = true;

  constructor(
    private readonly io: IO,
    private readonly port: number,
    private readonly random: Random,
    private readonly tally: Tally,
  ) {}

  resume(): void {
    this.isPaused = false;
    this.running = this.run();
  }

  async pause(): Promise<void> {
    this.isPaused = true;
    await this.running;
  }

  async stop(): Promise<void> {
    await this.pause();
    await this.client?.destroy({ force: true });
    this.client = undefined;
  }

  private async run(): Promise<void> {
    while (!this.isPaused) {
      const action = this.choose();
      const controller = new AbortController();
      const hang = setTimeout(patience, undefined, controller).then(
        () => Promise.reject(new Error('hangs')),
        () => {},
      );
      try {
        await Promise.race([this.act(action), hang]);
      } catch (e) {
        const { name, message } = e as Error;
        this.tally.problems.push(
          `${this.io}: ${action.name}: ${name}: ${message}`,
        );
        await this.client?.destroy({ force: true });
        this.client = undefined;
      } finally {
        controller.abort();
      }
    }
  }

  private async act(action: () => Promise<void>): Promise<void> {
    if (this.client === undefined) await this.connect();
    await action.call(this);
  }

  private choose(): () => Promise<void> {
    const actions: Array<[weight: number, action: () => Promise<void>]> = [
      [40, this.echo],
      [20, this.echoMuch],
      [10, this.reset],
      [10, this.stopReading],
      [10, this.destroy],
      [10, this.sendDatagrams],
      [4, this.reconnect],
      [2, this.fail],
      [4, this.wait],
    ];
    let at = this.random.below(actions.reduce((sum, [n]) => sum + n, 0));
    for (const [weight, action] of actions) {
      at -= weight;
      if (at < 0) return action;
    }
    throw new RangeError('no action');
  }

  private get connection(): QUICConnection {
    return this.client!.connection;
  }

  /**
   * No address changes meanwhile: before the server has heard that the handshake is confirmed, that
   * would end the connection (RFC 9000 section 9). Two echoes make sure of it.
   */
  private connect(options: ConnectOptions = {}): Promise<void> {
    return this.tally.handshakes.withReadF(async () => {
      this.client = await this.dial(options);
      for (let i = 0; i < 2; i++) {
        await exchange(this.connection.newStream(), payload(1));
      }
    });
  }

  private async dial({
    session,
    ...rest
  }: ConnectOptions): Promise<QUICClient> {
    const client = await QUICClient.createQUICClient({
      host: '127.0.0.1',
      port: this.port,
      io: this.io,
      config: { ...config, ca: credentials.cert, ...rest },
      session,
    });
    watch(client);
    on(client, events.EventQUICConnectionSession, ({ detail }) => {
      this.session = detail;
    });
    this.tally.connections++;
    if (client.connection.resumed) this.tally.resumed++;
    void (async () => {
      for await (const _ of client.connection.datagrams.readable) {
        this.tally.datagrams.received++;
      }
    })().catch(() => {});
    return client;
  }

  private async echo(): Promise<void> {
    const started = performance.now();
    await this.exchange(KiB);
    this.tally.times.record(
      Math.max(1, Math.round((performance.now() - started) * 1000)),
    );
  }

  /** Mostly little: all sizes up to a MiB have the same part of the bytes. */
  private echoMuch(): Promise<void> {
    return this.exchange(Math.floor(MiB ** (this.random.below(1001) / 1000)));
  }

  private async exchange(size: number): Promise<void> {
    const data = payload(size, this.random.below(2 ** 31));
    const echoed = await exchange(this.connection.newStream(), data);
    if (!echoed.equals(data)) throw new Error('wrong bytes');
    this.tally.bytes += size;
    this.tally.echoes++;
  }

  private async reset(): Promise<void> {
    const stream = this.connection.newStream();
    const reader = stream.readable.getReader();
    const writer = stream.writable.getWriter();
    await writer.write(payload(this.random.below(64 * KiB) + 1));
    await reader.read();
    stream.cancel(new Error('reset'));
    await stream.closedP;
  }

  private async stopReading(): Promise<void> {
    const stream = this.connection.newStream();
    const writer = stream.writable.getWriter();
    await stream.readable.cancel(new Error('stopped'));
    await writer.write(payload(this.random.below(64 * KiB) + 1));
    await writer.close();
    await stream.closedP;
  }

  private async destroy(): Promise<void> {
    const stream = this.connection.newStream();
    if (this.random.happens(0.5)) {
      const writer = stream.writable.getWriter();
      writer.write(payload(KiB)).catch(() => {});
    }
    await stream.destroy({ force: true });
  }

  private async sendDatagrams(): Promise<void> {
    const writer = this.connection.datagrams.writable.getWriter();
    for (let i = 0; i < 20; i++) {
      await writer.write(payload(this.random.below(KiB) + 1));
      this.tally.datagrams.sent++;
    }
    writer.releaseLock();
  }

  private async reconnect(): Promise<void> {
    await this.client?.destroy({ force: this.random.happens(0.5) });
    const session = this.random.happens(0.5) ? this.session : undefined;
    await this.connect({ session });
  }

  /** Dials that have to fail. */
  private async fail(): Promise<void> {
    const options = this.random.happens(0.5)
      ? { ca: undefined }
      : { applicationProtos: ['x'] };
    const client = await this.tally.handshakes
      .withReadF(() => this.dial(options))
      .catch((e: unknown) => {
        if (!(e instanceof errors.ErrorQUICConnection)) throw e;
      });
    if (client === undefined) return;
    await client.destroy({ force: true });
    throw new Error('connected with credentials that do not fit');
  }

  private async wait(): Promise<void> {
    await setTimeout(this.random.below(1000));
  }
}
