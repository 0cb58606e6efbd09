import { environment } from '../engine/Environment.js';
import type { EngineEventHandler } from '../engine/events.js';
import { EventKind } from '../engine/shared.js';
import * as internals from '../internals.js';
import type { Host, Port } from '../types/address.js';
import { promise } from '../utils/flow.js';
import { readRawDatagrams } from './rawDatagrams.js';
import {
  type BindOptions,
  bindInEngine,
  errorName,
  type SocketTransport,
  systemError,
} from './SocketTransport.js';

/**
 * A UDP socket that the engine owns: no packet passes through the JS thread.
 */
class NativeTransport implements SocketTransport, EngineEventHandler {
  public readonly handle: number;
  public readonly host: Host;
  public readonly port: Port;
  protected environment = environment();
  protected sends: Map<number, (code?: string, errno?: number) => void> =
    new Map();
  protected nextSend = 0;
  protected isReferenced = false;
  /** The engine has closed the transport. */
  protected readonly gone = promise();

  public static async open(
    options: BindOptions,
    onError: (e: Error) => void,
  ): Promise<NativeTransport> {
    return new NativeTransport(options, onError);
  }

  protected onRawDatagram: BindOptions['onRawDatagram'];
  public readonly handleFault: BindOptions['onFault'];

  protected constructor(
    options: BindOptions,
    protected onError: (e: Error) => void,
  ) {
    const { binding } = this.environment;
    this.onRawDatagram = options.onRawDatagram;
    this.handleFault = options.onFault;
    const { host, port, reuseAddr, ipv6Only } = options;
    this.handle = bindInEngine(options, () =>
      binding.transportOpenNative(
        host,
        port,
        reuseAddr,
        ipv6Only,
        options.key,
        options.connectionIds,
        options.takeOver,
      ),
    );
    this.host = binding.transportHost(this.handle).toString() as Host;
    this.port = binding.transportPort(this.handle) as Port;
    this.environment.register(this.handle, this);
  }

  public send(data: Uint8Array, port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const id = this.nextSend++;
      this.sends.set(id, (code, errno = 0) =>
        code === undefined
          ? resolve(data.byteLength)
          : reject(systemError('send', code, errno, host, port)),
      );
      const { binding } = this.environment;
      if (!binding.transportSend(this.handle, id, data, host, port)) {
        this.settle(id, 'EBADF', -9);
      }
    });
  }

  public async close(): Promise<void> {
    this.environment.binding.transportClose(this.handle);
    await this.environment.holdFor(this.gone.p);
  }

  public ref(): void {
    if (!this.isReferenced) this.environment.ref();
    this.isReferenced = true;
  }

  public unref(): void {
    if (this.isReferenced) this.environment.unref();
    this.isReferenced = false;
  }

  public [internals.handleEngineEvent](
    kind: number,
    a: number,
    b: number,
  ): void {
    switch (kind) {
      case EventKind.TransportSent:
        if (b === 0) this.settle(a);
        else this.settle(a, errorName(b), -b);
        break;
      case EventKind.TransportFailed:
        this.onError(
          systemError('recvmsg', errorName(a), -a, this.host, this.port),
        );
        break;
      case EventKind.TransportRawDatagrams:
        readRawDatagrams(this.handle, this.onRawDatagram);
        break;
      case EventKind.TransportClosed:
        this.environment.unregister(this.handle);
        for (const id of this.sends.keys()) {
          this.settle(id, 'EBADF', -9);
        }
        this.gone.resolveP();
        break;
    }
  }

  protected settle(id: number, code?: string, errno?: number): void {
    const settle = this.sends.get(id);
    this.sends.delete(id);
    settle?.(code, errno);
  }
}

export default NativeTransport;
