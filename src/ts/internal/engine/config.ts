import { handshakeTimeout } from '../../config.js';
import { unreadThatFits } from '../config/memory.js';
import { splitCertificates } from '../tls/chains.js';
import type { QUICConfig } from '../types/config.js';
import { collectPEMs } from '../utils/pem.js';
import type { CompleteConfig } from '../validation/config.js';
import { controllers } from '../validation/configOptions.js';
import type { Admission } from '../validation/server.js';

/**
 * The configuration as the engine reads it, see `native/internal/config/config.go`.
 *
 * @param minIdleTimeout - in milliseconds, can be infinite
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
    congestionControl: controllers[config.congestionControl ?? 'default'],
    enableDgram: undefined,
    enableDatagrams: config.enableDgram[0],
    incomingHighWaterMark: highWaterMarks(config).incoming,
    ca: splitCertificates(ca),
    key: collectPEMs(key),
    cert: collectPEMs(cert),
    verifyCallback: verifyCallback !== undefined,
    probeIdle: !config.given.has('maxIdleTimeout'),
    minIdleTimeout: Number.isFinite(minIdleTimeout)
      ? // 0 is infinite in the engine, but means at once here
        Math.max(minIdleTimeout, 1)
      : 0,
    // Whoever sets a window bounds what a connection holds, be it read or not
    maxExempt: config.given.has('initialMaxData') ? 0 : unreadThatFits(),
    // Larger packets are looked for unless the application set a maximum
    pathMTUDiscovery: !config.given.has('maxSendUdpPayloadSize'),
  });
}

/**
 * Options as the engine reads them, see `native/internal/config/parse.go`. Those that are
 * `undefined` are left out.
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
