import { environment } from '../engine/Environment.js';
import type { BindOptions } from './SocketTransport.js';

// Room for one datagram of any size, or many small ones
let buffer: Uint8Array | undefined;

/**
 * Takes the datagrams that are not QUIC and wait in the engine. Their layout is that of
 * `native/internal/engine/foreign.go`.
 */
export function readRawDatagrams(
  transport: number,
  onRawDatagram: BindOptions['onRawDatagram'],
): void {
  buffer ??= new Uint8Array(2 ** 17);
  const bytes = buffer;
  // A listener may stop the socket, after which there are none
  for (;;) {
    const end = environment().binding.transportReadRawDatagrams(
      transport,
      bytes,
    );
    if (end === 0) return;
    // Listeners may cause others to be read into the buffer
    const batch = bytes.slice(0, end);
    const view = new DataView(batch.buffer);
    for (let at = 0; at < end; ) {
      const length = view.getUint16(at, true);
      const port = view.getUint16(at + 2, true);
      const start = at + 5 + view.getUint8(at + 4);
      const host = Buffer.from(batch.buffer).toString('latin1', at + 5, start);
      at = start + length;
      onRawDatagram(batch.slice(start, at), host, port);
    }
  }
}
