import type { QUICConfig } from '../types/config.js';
import { collectPEMs, pemToDER } from '../utils/pem.js';

/**
 * The certificates of a PEM option one by one, so that both sides count them alike. Also those that
 * are damaged or of another kind: the engine says so.
 */
export function splitCertificates(pems: QUICConfig['ca']): Array<string> {
  const block =
    /-----BEGIN (?:[A-Z0-9]+ )*CERTIFICATE-----[^-]*(?:-----END [A-Z0-9 ]+-----)?/g;
  return collectPEMs(pems).flatMap((pem) => pem.match(block) ?? []);
}

/**
 * All certificates of a PEM option in DER.
 */
export function certificatesToDER(
  pems: QUICConfig['cert'] | QUICConfig['ca'],
): Array<Uint8Array> {
  const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
  return collectPEMs(pems).flatMap((pem) =>
    (pem.match(block) ?? []).map(pemToDER),
  );
}
