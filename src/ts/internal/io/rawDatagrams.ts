import { environment } from '../engine/Environment.js';
import { decodeSourced } from '../engine/layout.js';
import type { BindOptions } from './SocketTransport.js';

// Room for one datagram of any size, or many small ones
let buffer: Uint8Array | undefined;

/**
 * Takes the datagrams that are not QUIC and wait in the engine.
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
    decodeSourced(bytes.slice(0, end), onRawDatagram);
  }
}
