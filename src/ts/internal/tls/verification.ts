import { environment } from '../engine/Environment.js';
import type { QUICConfig } from '../types/config.js';
import { certificatesToDER, decodeChain } from './chains.js';

/**
 * What the engine asks the application about the certificates of a connection, or `undefined` when
 * a question is not asked any more.
 *
 * @param number - names the question, which its verdict has to name again
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

// TLS alert certificate_unknown: some unspecified issue arose (RFC 8446 section 6.2)
const certificateUnknown = 46;

/**
 * What the application's callback says of a chain: the TLS alert to refuse it with, or 0, and
 * what the callback threw, if it did.
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
