import { createCipheriv, createHmac, randomBytes } from 'node:crypto';

/**
 * Initial packets with any frames (RFC 9000 section 17.2.2), as somebody sends them who has no need
 * for a handshake.
 */

// RFC 9001 section 5.2
const salt = Buffer.from('38762cf7f55934b34d179ae6a4c80cadccbb7f0a', 'hex');
const minSize = 1200;
const tagSize = 16;

function hmac(key: Uint8Array, ...data: Array<Uint8Array>): Buffer {
  const mac = createHmac('sha256', key);
  for (const part of data) mac.update(part);
  return mac.digest();
}

/** HKDF-Expand-Label (RFC 8446 section 7.1), of up to 32 bytes. */
function expandLabel(secret: Uint8Array, label: string, size: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([
    Buffer.from([0, size, name.length]),
    name,
    Buffer.from([0, 1]),
  ]);
  return hmac(secret, info).subarray(0, size);
}

/** An integer of variable length with two bytes (RFC 9000 section 16). */
function varint2(value: number): Buffer {
  return Buffer.from([0x40 | (value >> 8), value & 0xff]);
}

export type Initial = {
  destination?: Uint8Array;
  source?: Uint8Array;
  token?: Uint8Array;
  /** Packet number, defaults to 0. */
  number?: number;
  frames?: Uint8Array;
};

export const ping = Buffer.from([0x01]);

/** A CONNECTION_CLOSE frame (RFC 9000 section 19.19). */
export function connectionClose(code: number, reason = ''): Buffer {
  return Buffer.concat([
    Buffer.from([0x1c]),
    varint2(code),
    Buffer.from([0]),
    varint2(reason.length),
    Buffer.from(reason),
  ]);
}

/** A datagram of 1200 bytes with one Initial packet of a client. */
export function initial({
  destination = randomBytes(8),
  source = randomBytes(8),
  token = new Uint8Array(0),
  number = 0,
  frames = ping,
}: Initial = {}): Buffer {
  const header = Buffer.concat([
    Buffer.from([0xc3, 0, 0, 0, 1, destination.length]),
    destination,
    Buffer.from([source.length]),
    source,
    varint2(token.length),
    token,
  ]);
  const payload = Buffer.alloc(minSize - header.length - 2 - 4 - tagSize);
  payload.set(frames);
  const packetNumber = Buffer.alloc(4);
  packetNumber.writeUInt32BE(number);
  const clear = Buffer.concat([
    header,
    varint2(packetNumber.length + payload.length + tagSize),
    packetNumber,
  ]);

  const secret = expandLabel(hmac(salt, destination), 'client in', 32);
  const iv = expandLabel(secret, 'quic iv', 12);
  iv.writeUInt32BE((iv.readUInt32BE(8) ^ number) >>> 0, 8);
  const cipher = createCipheriv(
    'aes-128-gcm',
    expandLabel(secret, 'quic key', 16),
    iv,
  ).setAAD(clear);
  const packet = Buffer.concat([
    clear,
    cipher.update(payload),
    cipher.final(),
    cipher.getAuthTag(),
  ]);

  // Header protection (RFC 9001 section 5.4)
  const start = clear.length - packetNumber.length;
  const mask = createCipheriv(
    'aes-128-ecb',
    expandLabel(secret, 'quic hp', 16),
    null,
  ).update(packet.subarray(start + 4, start + 20));
  packet[0] ^= mask[0] & 0x0f;
  for (let i = 0; i < 4; i++) packet[start + i] ^= mask[1 + i];
  return packet;
}

/** What a Retry packet tells (RFC 9000 section 17.2.5), or `undefined` if it is none. */
export function retryOf(
  datagram: Buffer,
): { source: Buffer; token: Buffer } | undefined {
  if ((datagram[0] & 0xf0) !== 0xf0) return undefined;
  const sourceAt = 6 + datagram[5];
  const tokenAt = sourceAt + 1 + datagram[sourceAt];
  return {
    source: datagram.subarray(sourceAt + 1, tokenAt),
    token: datagram.subarray(tokenAt, -tagSize),
  };
}
