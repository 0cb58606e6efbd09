import { handshakeTimeout } from '../../config.js';
import { unreadThatFits } from '../config/memory.js';
import { ErrorQUICConnectionClosed } from '../errors/connection.js';
import { ErrorQUICConfig } from '../errors/options.js';
import type { QUICConfig } from '../types/config.js';
import { collectPEMs, pemToDER } from '../utils/pem.js';
import type { CompleteConfig } from '../validation/config.js';
import type { Admission } from '../validation/server.js';
import { type BindingError, BindingErrorKind } from './binding.js';
import { environment } from './Environment.js';

/**
 * The configuration as the engine reads it, see `native/internal/config/config.go`.
 *
 * @param minIdleTimeout - in milliseconds, can be infinite
 *
 * @internal
 */
export function toEngineConfig(
  config: CompleteConfig,
  minIdleTimeout: number = handshakeTimeout,
  admission?: Admission,
): string {
  const { verifyCallback, ca, key, cert, ...rest } = config;
  return encodeOptions({
    ...rest,
    ...admission,
    enableDgram: undefined,
    enableDatagrams: config.enableDgram[0],
    incomingDatagrams: highWaterMarks(config).incoming,
    ca: splitCertificates(ca),
    key: collectPEMs(key),
    cert: collectPEMs(cert),
    verifyCallback: verifyCallback !== undefined,
    probeIdle: !config.given.has('maxIdleTimeout'),
    minIdleTimeout: Number.isFinite(minIdleTimeout)
      ? // 0 is infinite in the engine, but means at once here
        Math.max(minIdleTimeout, 1)
      : 0,
    // Larger packets are looked for unless the application set a maximum
    // Whoever sets a window bounds what a connection holds, be it read or not
    maxExempt: config.given.has('initialMaxData') ? 0 : unreadThatFits(),
    pathMTUDiscovery: !config.given.has('maxSendUdpPayloadSize'),
  });
}

/**
 * Options as the engine reads them, see `native/internal/config/parse.go`. Those that are `undefined` are left out.
 *
 * @internal
 */
export function encodeOptions(options: Record<string, unknown>): string {
  let text = '';
  for (const [name, value] of Object.entries(options)) {
    for (const element of Array.isArray(value) ? value : [value]) {
      if (element === undefined) continue;
      const s = String(element);
      text += `${name} ${Buffer.byteLength(s)}:${s}`;
    }
  }
  return text;
}

/**
 * How many datagrams the queues of a connection hold, see {@link QUICConfig.enableDgram}.
 *
 * @internal
 */
export function highWaterMarks({ enableDgram }: QUICConfig): {
  incoming: number;
  outgoing: number;
} {
  return {
    incoming: enableDgram[1] || defaultHighWaterMarks.incoming,
    outgoing: enableDgram[2] || defaultHighWaterMarks.outgoing,
  };
}

// What arrives in some milliseconds at full speed, and what is sent while a thread wakes
const defaultHighWaterMarks = { incoming: 1024, outgoing: 256 };

/**
 * Calls the engine, and throws its errors as those of the public API.
 *
 * @internal
 */
export function callEngine<T>(call: () => T): T {
  try {
    return call();
  } catch (e) {
    const { kind, option, message } = e as BindingError;
    switch (kind) {
      case BindingErrorKind.Config:
        throw new ErrorQUICConfig(`${option}: ${message}`, {
          data: { option, got: message, expected: expected(option) },
        });
      case BindingErrorKind.Stale:
      case BindingErrorKind.Closed:
        throw new ErrorQUICConnectionClosed();
      default:
        throw e;
    }
  }
}

function expected(option: string): string {
  switch (option.replace(/\[\d+\]$/, '')) {
    case 'config.key':
      return 'the private key of the leaf certificate in config.cert, as PEM';
    case 'config.cert':
      return 'a chain of X.509 certificates from leaf to root, as PEM';
    case 'config.ca':
      return 'X.509 certificates, as PEM';
    case 'config.logKeys':
      return 'the path of a file that can be appended to';
    default:
      return 'a value that can be used';
  }
}

/**
 * Splits what the engine sends of a certificate chain, leaf first, into certificates in DER.
 *
 * @internal
 */
export function decodeChain(data: Uint8Array): Array<Uint8Array> {
  const chain: Array<Uint8Array> = [];
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let offset = 0; offset < data.byteLength; ) {
    const length = view.getUint32(offset, true);
    offset += 4;
    chain.push(new Uint8Array(data.subarray(offset, offset + length)));
    offset += length;
  }
  return chain;
}

/**
 * What the engine asks the application about the certificates of a connection, or `undefined` when a question
 * is not asked any more.
 *
 * @param number - names the question, which its verdict has to name again
 *
 * @internal
 */
export function questionOf(
  connection: number,
  number: number,
): Array<Uint8Array> | undefined {
  const data = environment().binding.connectionQuestion(connection);
  if (data.length === 0 || Number(data.readBigUInt64LE()) !== number) {
    return undefined;
  }
  return decodeChain(data.subarray(8));
}

/**
 * The certificates of a PEM option one by one, so that both sides count them alike. Also those that are damaged or of
 * another kind: the engine says so.
 *
 * @internal
 */
export function splitCertificates(pems: QUICConfig['ca']): Array<string> {
  const block =
    /-----BEGIN (?:[A-Z0-9]+ )*CERTIFICATE-----[^-]*(?:-----END [A-Z0-9 ]+-----)?/g;
  return collectPEMs(pems).flatMap((pem) => pem.match(block) ?? []);
}

/**
 * All certificates of a PEM option in DER.
 *
 * @internal
 */
export function certificatesToDER(
  pems: QUICConfig['cert'] | QUICConfig['ca'],
): Array<Uint8Array> {
  const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
  return collectPEMs(pems).flatMap((pem) =>
    (pem.match(block) ?? []).map(pemToDER),
  );
}

// TLS alert certificate_unknown: some unspecified issue arose (RFC 8446 section 6.2)
const certificateUnknown = 46;

/**
 * What the application's callback says of a chain: the TLS alert to refuse it with, or 0, and
 * what the callback threw, if it did.
 *
 * @internal
 */
export async function verdictOf(
  config: QUICConfig,
  chain: Array<Uint8Array>,
): Promise<{ verdict: number; error?: unknown }> {
  try {
    const code = await config.verifyCallback!(
      chain,
      certificatesToDER(config.ca),
    );
    if (code === undefined) return { verdict: 0 };
    // Alert 0, close_notify, is no way to refuse
    return { verdict: code & 0xff || certificateUnknown };
  } catch (error) {
    return { verdict: certificateUnknown, error };
  }
}
