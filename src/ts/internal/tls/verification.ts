import { environment } from '../engine/Environment.js';
import { decodeQuestion } from '../engine/layout.js';
import { TLSAlert } from '../engine/shared.js';
import type { QUICConfig } from '../types/config.js';
import { certificatesToDER } from './chains.js';

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
  const question = decodeQuestion(
    environment().binding.connectionQuestion(connection),
  );
  return question?.number === number ? question.chain : undefined;
}

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
    return { verdict: code & 0xff || TLSAlert.certificateUnknown };
  } catch (error) {
    return { verdict: TLSAlert.certificateUnknown, error };
  }
}
