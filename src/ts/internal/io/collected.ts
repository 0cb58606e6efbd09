import { putSourced } from '../engine/layout.js';
import { Layout } from '../engine/shared.js';
import * as internals from '../internals.js';

/** Whom datagrams came in for. */
export interface Receiver {
  [internals.deliver](batch: Uint8Array, length: number): void;
}

// A batch is delivered when it cannot take another datagram of the largest size
const batchSize = 256 * 1024;
const maxSourced = Layout.sourcedHeader + 255 + 65_535;

// Addresses that are remembered; a flood from many sources must not grow memory
const maxAddresses = 4096;

// All sockets of a copy of the library have one batch, as few of them receive in the same moment
let batch: { bytes: Uint8Array; view: DataView } | undefined;
let length = 0;
let owner: Receiver | undefined;
const sources: Map<string, Uint8Array> = new Map();

/**
 * Keeps a datagram until it is delivered with those that come soon after it.
 */
export function collect(
  receiver: Receiver,
  host: string,
  port: number,
  datagram: Uint8Array,
): void {
  if (owner !== receiver || length + maxSourced > batchSize) {
    if (owner !== undefined) deliverCollected(owner);
    owner = receiver;
  }
  if (batch === undefined) {
    const bytes = new Uint8Array(batchSize);
    batch = { bytes, view: new DataView(bytes.buffer) };
  }
  const { bytes, view } = batch;
  length = putSourced(bytes, view, length, source(host), port, datagram);
}

/** Delivers what was collected for a receiver. */
export function deliverCollected(receiver: Receiver): void {
  if (owner !== receiver || batch === undefined) return;
  const collected = length;
  owner = undefined;
  length = 0;
  receiver[internals.deliver](batch.bytes, collected);
}

function source(address: string): Uint8Array {
  let bytes = sources.get(address);
  if (bytes === undefined) {
    bytes = Buffer.from(address, 'latin1');
    if (sources.size >= maxAddresses) sources.clear();
    sources.set(address, bytes);
  }
  return bytes;
}
