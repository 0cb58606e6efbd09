import type * as dgram from 'node:dgram';
import { environment } from '../engine/Environment.js';
import type { EngineEventHandler } from '../engine/events.js';
import {
  decodeDestination,
  slotDestination,
  slotLength,
} from '../engine/layout.js';
import { EventKind, Layout } from '../engine/shared.js';
import * as internals from '../internals.js';
import type { Host, Port } from '../types/address.js';
import type { PromiseDeconstructed } from '../types/common.js';
import { promise } from '../utils/flow.js';
import { collect, deliverCollected } from './collected.js';
import { openSocket } from './openSocket.js';
import { readRawDatagrams } from './rawDatagrams.js';
import type { BindOptions, SocketTransport } from './SocketTransport.js';

/**
 * Reads that failed and may succeed later. The system was short of memory, or told of a network or
 * a peer that is gone, which is no fault of the socket that others use as well: anyone can send
 * such ICMP messages, and QUIC notices by itself. The list is that of
 * `native/internal/udpconn/errno_unix.go`.
 */
const transient = new Set<string | undefined>([
  'EAGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'EINTR',
  'EIO',
  'EMFILE',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EPROTO',
  'ETIMEDOUT',
]);

const slots = 256;
// Datagrams that are sent in one go, while the engine fills the rest of the ring
const sendBatch = 64;

// Addresses that are remembered; a flood from many sources must not grow memory
const maxAddresses = 4096;

// Asked of the operating system, which gives what it allows. QUIC sends in bursts that
// the default of many systems has no room for.
const socketBufferSize = 4 * 1024 * 1024;

/**
 * Node's own UDP socket carries the packets of the engine.
 */
class DgramTransport implements SocketTransport, EngineEventHandler {
  public readonly handle: number;
  public readonly host: Host;
  public readonly port: Port;
  protected environment = environment();

  // Outgoing datagrams, unless the engine sends them itself: it writes them into
  // the ring, and this sends them from there.
  protected ring: Uint8Array;
  protected ringView: DataView;
  protected destinations: Map<number, { host: string; port: number }> =
    new Map();
  protected nextSlot = 0;
  protected inFlight = 0;
  protected sent = 0;
  protected flushing = false;

  // Whether incoming datagrams are collected for this turn of the event loop
  protected delivering = false;

  protected onRawDatagram: BindOptions['onRawDatagram'];
  public readonly handleFault: BindOptions['onFault'];
  protected closed = false;
  /** The ring is empty. */
  protected idle?: PromiseDeconstructed<void>;
  /** The engine has closed the transport. */
  protected readonly gone = promise();

  public static async open(
    options: BindOptions,
    onError: (e: Error) => void,
  ): Promise<DgramTransport> {
    const { socket, descriptor } = await openSocket(options);
    return new DgramTransport(socket, descriptor, options, onError);
  }

  protected constructor(
    protected socket: dgram.Socket,
    descriptor: number,
    {
      key,
      connectionIds,
      takeOver,
      reuseAddr,
      onRawDatagram,
      onFault,
    }: BindOptions,
    protected onError: (e: Error) => void,
  ) {
    this.onRawDatagram = onRawDatagram;
    this.handleFault = onFault;
    const { thread, seat } = this.environment;
    const ring = seat.lend(socket, descriptor < 0 ? slots * Layout.slot : 0);
    this.ring = new Uint8Array(ring);
    this.ringView = new DataView(ring);
    // Nobody has asked for it to hold the event loop yet
    socket.unref();
    const { address, port } = socket.address();
    this.host = address as Host;
    this.port = port as Port;
    try {
      socket.setRecvBufferSize(socketBufferSize);
      socket.setSendBufferSize(socketBufferSize);
    } catch {
      // Some systems refuse more than they allow. The default works as well.
    }
    this.handle = this.environment.binding.transportOpenVirtual(
      this.host,
      this.port,
      key,
      connectionIds,
      takeOver,
      this.ring,
      descriptor,
      reuseAddr,
    );
    this.environment.register(this.handle, this);
    // An open socket is held by Node.js, and must not hold a realm that is torn down
    socket.on('error', thread.weakly(this.handleError));
    socket.on('message', thread.weakly(this.handleMessage));
  }

  public send(data: Uint8Array, port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.socket.send(data, port, host, (e, bytes) =>
        e != null ? reject(e) : resolve(bytes),
      );
    });
  }

  public async close(): Promise<void> {
    // A connection that was closed just now has its last packet in the ring
    if (this.environment.binding.transportPending(this.handle) > 0) {
      this.idle = promise();
      this.flush();
      await this.environment.holdFor(this.idle.p);
    }
    this.environment.binding.transportClose(this.handle);
    // Until then connections may be writing, and must not wait for room in the ring
    await this.environment.holdFor(this.gone.p);
    this.closed = true;
    const closed = promise();
    this.socket.close(closed.resolveP);
    await this.environment.holdFor(closed.p);
    this.environment.seat.takeBack(this.socket);
  }

  public ref(): void {
    this.socket.ref();
  }

  public unref(): void {
    this.socket.unref();
  }

  public [internals.handleEngineEvent](kind: number): void {
    switch (kind) {
      case EventKind.TransportSend:
        this.flush();
        break;
      case EventKind.TransportRawDatagrams:
        readRawDatagrams(this.handle, this.onRawDatagram);
        break;
      case EventKind.TransportClosed:
        this.environment.unregister(this.handle);
        this.environment.binding.transportForget(this.handle);
        this.gone.resolveP();
        break;
    }
  }

  /**
   * Sends what is in the ring, which libuv does at once unless the system has no room. Nobody will
   * hear that it was sent, so the slots are given back now, to what waits for room.
   */
  public handleExit(): void {
    this.sendSome(slots);
    this.environment.binding.transportRelease(this.handle, this.inFlight);
    this.inFlight = 0;
  }

  protected flush = (): void => {
    this.flushing = false;
    if (!this.closed) this.sendSome(sendBatch);
  };

  /**
   * Sends datagrams in the ring that are not being sent yet.
   *
   * @param most - how many may be under way
   */
  protected sendSome(most: number): void {
    const pending = this.environment.binding.transportPending(this.handle);
    const view = this.ringView;
    const end = Math.min(pending, most);
    while (this.inFlight < end) {
      const offset = this.nextSlot * Layout.slot;
      const length = slotLength(view, offset);
      const { host, port } = this.destination(offset);
      this.nextSlot = (this.nextSlot + 1) % slots;
      this.inFlight++;
      const start = offset + Layout.slotHeader;
      try {
        this.socket.send(this.ring, start, length, port, host, this.handleSent);
      } catch (e) {
        // What cannot be sent is lost, but its slot must be given back in turn
        process.nextTick(this.handleSent, e);
      }
    }
    if (pending === 0) this.idle?.resolveP();
  }

  protected destination(offset: number): { host: string; port: number } {
    const id = slotDestination(this.ringView, offset);
    let destination = this.destinations.get(id);
    if (destination === undefined) {
      destination = decodeDestination(this.ringView, offset);
      if (this.destinations.size >= maxAddresses) this.destinations.clear();
      this.destinations.set(id, destination);
    }
    return destination;
  }

  /**
   * Called for each datagram, in the order of sending. Their slots are given back
   * together, and what came into the ring meanwhile goes out in the next turn
   * of the event loop, so that datagrams also come in.
   */
  protected handleSent = (e: NodeJS.ErrnoException | null): void => {
    if (e != null) this.handleSendError(e);
    if (++this.sent < this.inFlight) return;
    const { sent } = this;
    this.sent = 0;
    this.inFlight = 0;
    const left = this.environment.binding.transportRelease(this.handle, sent);
    if (left === 0) {
      this.idle?.resolveP();
    } else if (!this.flushing) {
      this.flushing = true;
      setImmediate(this.flush);
    }
  };

  /**
   * A datagram that the system has no room for is lost, as it could be anywhere on
   * its way. An address that it refuses ends the connection to it.
   */
  protected handleSendError(e: NodeJS.ErrnoException): void {
    const { address, port } = e as { address?: string; port?: number };
    if (address === undefined || port === undefined) return;
    if (e.code === undefined || !refusals.has(e.code)) return;
    this.environment.binding.transportFailWrites(
      this.handle,
      address,
      port,
      Math.abs(e.errno ?? 0),
    );
  }

  protected handleError = (e: NodeJS.ErrnoException): void => {
    if (!transient.has(e.code)) this.onError(e);
  };

  protected handleMessage = (data: Buffer, rinfo: dgram.RemoteInfo): void => {
    // Nobody can be answered there, and dgram throws when one tries
    if (rinfo.port === 0) return;
    collect(this, rinfo.address, rinfo.port, data);
    if (!this.delivering) {
      this.delivering = true;
      // Runs when the datagrams of this turn of the event loop have been read
      setImmediate(this.deliver);
    }
  };

  protected deliver = (): void => {
    this.delivering = false;
    deliverCollected(this);
  };

  /** Takes datagrams that came in, with their sources. */
  public [internals.deliver](batch: Uint8Array, length: number): void {
    if (this.closed) return;
    this.environment.binding.transportDeliver(this.handle, batch, length);
  }
}

const refusals = new Set([
  'EACCES',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
  'EHOSTUNREACH',
  'EINVAL',
  'ENETUNREACH',
  'EPERM',
]);

export default DgramTransport;
