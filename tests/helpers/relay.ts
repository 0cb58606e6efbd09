import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** What ends something with it: a test, for one. */
export type Scope = { after(end: () => unknown): void };

export type Direction = 'toServer' | 'toClient';

/**
 * What a relay does with a datagram: it may forward it at once, later, changed,
 * several times or never.
 */
export type Impairment = (
  datagram: Buffer,
  forward: (datagram: Buffer) => void,
  direction: Direction,
) => void;

export const pass: Impairment = (datagram, forward) => forward(datagram);

export const drop: Impairment = () => {};

const loopback = '127.0.0.1';

async function bind(host = loopback): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, host);
  await once(socket, 'listening');
  return socket;
}

/**
 * Stands between clients and a server on loopback, like a NAT: the server sees
 * another port of the relay for each client.
 */
export class Relay {
  /** Can be changed at any time. */
  impairment: Impairment = pass;

  private readonly upstreams = new Map<number, Promise<Socket>>();
  private readonly forgotten = new WeakSet<Socket>();
  private closed = false;
  private host = loopback;

  private constructor(
    private readonly socket: Socket,
    private readonly serverPort: number,
  ) {
    socket.on('message', (datagram, client) => this.toServer(datagram, client));
  }

  /** Starts a relay that ends with the test. */
  static async start(t: Scope, serverPort: number): Promise<Relay> {
    const relay = new Relay(await bind(), serverPort);
    t.after(() => relay.close());
    return relay;
  }

  /** The port for clients to connect to. */
  get port(): number {
    return this.socket.address().port;
  }

  /**
   * Gives every client another port, as a NAT does that has lost its table, and another address if
   * one is given.
   */
  async rebind(host = this.host): Promise<void> {
    this.host = host;
    const upstreams = [...this.upstreams.values()];
    this.upstreams.clear();
    for (const upstream of upstreams) {
      this.forgotten.add(await upstream);
      (await upstream).close();
    }
  }

  /** Sends a datagram as if it came from the other end, to all clients or from all of them. */
  async inject(datagram: Buffer, direction: Direction): Promise<void> {
    for (const [port, upstream] of this.upstreams) {
      if (this.closed) return;
      if (direction === 'toClient') {
        this.socket.send(datagram, port, '127.0.0.1');
      } else {
        (await upstream).send(datagram, this.serverPort, '127.0.0.1');
      }
    }
  }

  private async toServer(datagram: Buffer, client: RemoteInfo): Promise<void> {
    let upstream = this.upstreams.get(client.port);
    if (upstream === undefined) {
      upstream = bind(this.host);
      this.upstreams.set(client.port, upstream);
      (await upstream).on('message', (datagram) =>
        this.impair(datagram, 'toClient', this.socket, client.port),
      );
    }
    this.impair(datagram, 'toServer', await upstream, this.serverPort);
  }

  private impair(
    datagram: Buffer,
    direction: Direction,
    from: Socket,
    port: number,
  ): void {
    const forward = (datagram: Buffer) => {
      if (!this.closed && !this.forgotten.has(from)) {
        from.send(datagram, port, '127.0.0.1');
      }
    };
    this.impairment(datagram, forward, direction);
  }

  private async close(): Promise<void> {
    this.closed = true;
    this.socket.close();
    for (const upstream of this.upstreams.values()) (await upstream).close();
  }
}
