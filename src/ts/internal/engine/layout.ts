// What the engine lays out in memory, and what it reads. The counterpart of
// native/internal/shared/layout.go, all of it little-endian.

import { Layout } from './shared.js';

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Gets an event, see `native/internal/event/kind.go`. */
type Visit = (
  kind: number,
  handle: number,
  a: number,
  b: number,
  data: Uint8Array,
) => void;

/** The data of events that have none. */
export const noData: Uint8Array = new Uint8Array(0);

/** Calls back for each event in the first bytes of a buffer. */
export function decodeEvents(
  bytes: Uint8Array,
  view: DataView,
  end: number,
  visit: Visit,
): void {
  for (
    let at = 0;
    at < end;
    at += view.getUint32(at + Layout.eventSize, true)
  ) {
    const length = view.getUint32(at + Layout.eventDataLength, true);
    const start = at + Layout.eventHeader;
    visit(
      view.getUint32(at + Layout.eventKind, true),
      view.getUint32(at + Layout.eventHandle, true),
      view.getFloat64(at + Layout.eventA, true),
      view.getFloat64(at + Layout.eventB, true),
      length === 0 ? noData : bytes.subarray(start, start + length),
    );
  }
}

/** The length of the datagram in a slot. */
export function slotLength(ring: DataView, slot: number): number {
  return ring.getUint16(slot + Layout.slotLength, true);
}

/** What names the destination of a slot, and no other destination ever. */
export function slotDestination(ring: DataView, slot: number): number {
  return ring.getUint32(slot + Layout.slotDestination, true);
}

/** The destination of a slot. */
export function decodeDestination(
  ring: DataView,
  slot: number,
): { host: string; port: number } {
  const start = slot + Layout.slotHost;
  const end = start + ring.getUint8(slot + Layout.slotHostLength);
  return {
    host: Buffer.from(ring.buffer).toString('latin1', start, end),
    port: ring.getUint16(slot + Layout.slotPort, true),
  };
}

/** Puts a datagram behind its source into a batch. Returns where it ends. */
export function putSourced(
  batch: Uint8Array,
  view: DataView,
  at: number,
  host: Uint8Array,
  port: number,
  datagram: Uint8Array,
): number {
  view.setUint16(at + Layout.sourcedLength, datagram.length, true);
  view.setUint16(at + Layout.sourcedPort, port, true);
  batch[at + Layout.sourcedHostLength] = host.length;
  const start = at + Layout.sourcedHeader + host.length;
  batch.set(host, at + Layout.sourcedHeader);
  batch.set(datagram, start);
  return start + datagram.length;
}

/** Calls back for each datagram of a batch. */
export function decodeSourced(
  batch: Uint8Array,
  visit: (datagram: Uint8Array, host: string, port: number) => void,
): void {
  const view = viewOf(batch);
  const text = Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength);
  for (let at = 0; at < batch.length; ) {
    const from = at + Layout.sourcedHeader;
    const start = from + view.getUint8(at + Layout.sourcedHostLength);
    const end = start + view.getUint16(at + Layout.sourcedLength, true);
    const port = view.getUint16(at + Layout.sourcedPort, true);
    at = end;
    visit(batch.slice(start, end), text.toString('latin1', from, start), port);
  }
}

/** The length of the datagram at an offset of a batch of RFC 9221. */
export function lengthAt(batch: Uint8Array, offset: number): number {
  return batch[offset] | (batch[offset + 1] << 8);
}

/** Puts a datagram behind its length at an offset. There must be room. */
export function putDatagram(
  batch: Uint8Array,
  offset: number,
  bytes: Uint8Array,
): void {
  batch[offset] = bytes.byteLength & 0xff;
  batch[offset + 1] = bytes.byteLength >> 8;
  batch.set(bytes, offset + Layout.datagramLength);
}

/** The certificates of a chain in DER, leaf first. */
export function decodeChain(data: Uint8Array): Array<Uint8Array> {
  const chain: Array<Uint8Array> = [];
  const view = viewOf(data);
  for (let at = 0; at < data.length; ) {
    const start = at + Layout.certificateLength;
    const end = start + view.getUint32(at, true);
    chain.push(new Uint8Array(data.subarray(start, end)));
    at = end;
  }
  return chain;
}

/** A question about a chain of certificates, if there is one. */
export function decodeQuestion(
  data: Uint8Array,
): { number: number; chain: Array<Uint8Array> } | undefined {
  if (data.length === 0) return undefined;
  return {
    number: viewOf(data).getFloat64(Layout.questionNumber, true),
    chain: decodeChain(data.subarray(Layout.questionChain)),
  };
}

/** Why a connection was closed, if that is known. */
export function decodeClose(
  data: Uint8Array,
): { kind: number; code: number; reason: Uint8Array } | undefined {
  if (data.length === 0) return undefined;
  const view = viewOf(data);
  return {
    kind: view.getUint32(Layout.closeKind, true),
    code: view.getFloat64(Layout.closeCode, true),
    reason: data.subarray(Layout.closeReason),
  };
}

/** A connection whose handshake failed. */
export function decodeFailed(data: Uint8Array): {
  handle: number;
  description: Uint8Array;
  reason: Uint8Array;
} {
  const view = viewOf(data);
  const length = view.getUint32(Layout.failedDescriptionLength, true);
  const end = Layout.failedDescription + length;
  return {
    handle: view.getUint32(Layout.failedHandle, true),
    description: data.subarray(Layout.failedDescription, end),
    reason: data.subarray(end),
  };
}
