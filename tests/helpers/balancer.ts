import { createDecipheriv } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

/** What a load balancer knows of the connection IDs of its servers. */
export type Format = {
  /** In bytes. */
  serverIdLength: number;
  nonceLength: number;
  configId: number;
  /** 16 bytes, for the format that is encrypted. The two lengths must add up to 16 then. */
  key?: Uint8Array;
};

/**
 * A load balancer that routes by connection ID only (draft-ietf-quic-load-balancers-21): packets
 * whose destination connection ID names no server that it knows go where a hash of that ID says.
 */
export class Balancer {
  /** Ports by server ID in hex. Can be changed at any time. */
  readonly servers = new Map<string, number>();
  /** How many datagrams came from each port of clients so far. */
  readonly received = new Map<number, number>();
  private readonly upstreams = new Map<number, Promise<Socket>>();

  private constructor(
    private readonly socket: Socket,
    private readonly format: Format,
  ) {
    socket.on('message', (datagram, client) => this.route(datagram, client));
  }

  static async start(t: TestContext, format: Format): Promise<Balancer> {
    const balancer = new Balancer(await bind(), format);
    t.after(async () => {
      balancer.socket.close();
      for (const upstream of balancer.upstreams.values()) {
        (await upstream).close();
      }
    });
    return balancer;
  }

  get port(): number {
    return this.socket.address().port;
  }

  private async route(datagram: Buffer, client: RemoteInfo): Promise<void> {
    this.received.set(client.port, (this.received.get(client.port) ?? 0) + 1);
    let upstream = this.upstreams.get(client.port);
    if (upstream === undefined) {
      upstream = bind();
      this.upstreams.set(client.port, upstream);
      (await upstream).on('message', (answer) =>
        this.socket.send(answer, client.port, client.address),
      );
    }
    const id = this.connectionIdOf(datagram);
    const ports = [...this.servers.values()];
    const port =
      this.servers.get(this.serverIdOf(id)) ??
      ports[id.reduce((sum, byte) => sum + byte, 0) % ports.length];
    (await upstream).send(datagram, port, '127.0.0.1');
  }

  /** The destination connection ID (RFC 9000 section 17). */
  private connectionIdOf(datagram: Buffer): Buffer {
    if ((datagram[0] & 0x80) !== 0) {
      return datagram.subarray(6, 6 + datagram[5]);
    }
    const { serverIdLength, nonceLength } = this.format;
    return datagram.subarray(1, 2 + serverIdLength + nonceLength);
  }

  private serverIdOf(id: Buffer): string {
    const { serverIdLength, nonceLength, configId, key } = this.format;
    if (id[0] >> 5 !== configId) return '';
    if (id.length !== 1 + serverIdLength + nonceLength) return '';
    let text = id.subarray(1);
    if (key !== undefined) {
      const cipher = createDecipheriv('aes-128-ecb', key, null);
      text = cipher.setAutoPadding(false).update(text);
    }
    return text.toString('hex', 0, serverIdLength);
  }
}

async function bind(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}
