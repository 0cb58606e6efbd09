import QUICConnectionId from '../../QUICConnectionId.js';
import { ErrorQUICOptionInvalid } from '../errors/options.js';
import type { Host } from '../types/address.js';
import type { ConnectionIdString } from '../types/connection.js';
import type { QUICServerCrypto, ServerCryptoOps } from '../types/crypto.js';
import { describe, optionError } from '../validation/describe.js';
import { bufferWrap, copyArrayBuffer } from './encoding.js';

/**
 * Makes a token that proves to whoever has `crypto` that `dcid` and `peerHost`
 * were put into it. The server's own Retry tokens are made by the engine.
 *
 * The token is JSON with two parts in base64url: `msg`, which is JSON with the ID in
 * hex and the host, and `sig`, its signature.
 *
 * @throws {ErrorQUICOptionInvalid} when there is no `crypto.ops`
 */
export async function mintToken(
  dcid: QUICConnectionId,
  peerHost: Host,
  crypto: QUICServerCrypto,
): Promise<Buffer> {
  const msg = Buffer.from(
    JSON.stringify({ dcid: dcid.toString(), host: peerHost }),
  );
  const sig = await serverOps(crypto).sign(crypto.key, copyArrayBuffer(msg));
  return encodeToken(msg, bufferWrap(sig));
}

/**
 * Checks a token of {@link mintToken} and returns its connection ID, or
 * `undefined` when it is malformed, of another key or of another host.
 *
 * @throws {ErrorQUICOptionInvalid} when there is no `crypto.ops`
 */
export async function validateToken(
  tokenBuffer: Buffer,
  peerHost: Host,
  crypto: QUICServerCrypto,
): Promise<QUICConnectionId | undefined> {
  const ops = serverOps(crypto);
  const { msg, sig } = parseObject(tokenBuffer);
  if (typeof msg !== 'string' || typeof sig !== 'string') return undefined;
  const message = Buffer.from(msg, 'base64url');
  const signature = Buffer.from(sig, 'base64url');
  // There is one way to write a token: it is no other one with a changed byte
  if (!encodeToken(message, signature).equals(tokenBuffer)) return undefined;
  const isOurs = await ops.verify(
    crypto.key,
    copyArrayBuffer(message),
    copyArrayBuffer(signature),
  );
  const { dcid, host } = parseObject(message);
  if (!isOurs || host !== peerHost || typeof dcid !== 'string') {
    return undefined;
  }
  return QUICConnectionId.fromString(dcid as ConnectionIdString);
}

/**
 * The members of an object in JSON, none if it is none.
 */
function parseObject(json: Buffer): Record<string, unknown> {
  try {
    return Object(JSON.parse(json.toString()));
  } catch {
    return {};
  }
}

function encodeToken(msg: Buffer, sig: Buffer): Buffer {
  return Buffer.from(
    JSON.stringify({
      msg: msg.toString('base64url'),
      sig: sig.toString('base64url'),
    }),
  );
}

function serverOps(crypto: QUICServerCrypto): ServerCryptoOps {
  if (crypto.ops === undefined) {
    throw optionError(
      ErrorQUICOptionInvalid,
      'crypto.ops',
      describe(crypto.ops),
      'an object with sign and verify',
    );
  }
  return crypto.ops;
}
