import { createRequire } from 'node:module';
import type Logger from '@matrixai/logger';
import { callEngine, encodeOptions, splitCertificates } from './engine.js';
import { environment } from './native/Environment.js';
import type { QUICConfig } from './types.js';

/**
 * Checks a configuration as the engine will use it, and warns of the authorities that it will do without.
 *
 * @param engineConfig - the configuration as the engine reads it
 *
 * @throws {errors.ErrorQUICConfig}
 *
 * @internal
 */
export function checkConfig(
  config: QUICConfig,
  engineConfig: string,
  isServer: boolean,
  logger: Logger,
): void {
  const { binding } = environment();
  const skipped = callEngine(() => binding.configCheck(engineConfig, isServer));
  if (skipped === '') return;
  const certificates = splitCertificates(config.ca);
  for (const [, index, reason] of skipped.matchAll(/^(\d+) (.*)$/gm)) {
    const subject = subjectOf(certificates[Number(index)]);
    logger.warn(
      `config.ca: skipped certificate ${index}, counted from 0 (${subject}): ${reason}`,
    );
  }
}

/**
 * Checks the authorities of a client alone, as all else is checked when it connects.
 *
 * @throws {errors.ErrorQUICConfig}
 *
 * @internal
 */
export function checkAuthorities(config: QUICConfig, logger: Logger): void {
  const ca = splitCertificates(config.ca);
  if (ca.length === 0) return;
  checkConfig(config, encodeOptions({ ca }), false, logger);
}

/** OpenSSL reads more than the engine does. */
function subjectOf(pem: string): string {
  // Rarely needed, so not loaded by an import
  const require = createRequire(import.meta.url);
  const { X509Certificate }: typeof import('node:crypto') =
    require('node:crypto');
  try {
    return new X509Certificate(pem).subject.replaceAll('\n', ', ');
  } catch {
    return 'its subject cannot be read';
  }
}
