import { callEngine } from '../engine/calls.js';
import { encodeOptions } from '../engine/config.js';
import { environment } from '../engine/Environment.js';
import { type CompleteConfig, withOptions } from '../validation/config.js';
import type Log from './Log.js';

/**
 * Completes a configuration with the environment variables `SSLKEYLOGFILE` and `QLOGDIR`, which
 * hold where it has no `logKeys` and `qlog` of its own. Logs what there is to warn of.
 */
export function withLogFiles(
  config: CompleteConfig,
  logger: Log,
): CompleteConfig {
  const { SSLKEYLOGFILE, QLOGDIR } = process.env;
  const logKeys = config.logKeys ?? keyLogOf(SSLKEYLOGFILE, logger);
  const qlog = config.qlog ?? (QLOGDIR || undefined);
  if (logKeys !== undefined) {
    logger.warn(
      `Logging TLS keys to ${logKeys}: whoever has that file can decrypt the connections`,
    );
  }
  if (qlog !== undefined) void warnUnlessWritable(qlog, logger);
  if (logKeys === config.logKeys && qlog === config.qlog) return config;
  return withOptions(config, { logKeys, qlog });
}

/**
 * The environment must not break an application: without a key log that can be written to it goes
 * on.
 */
function keyLogOf(path: string | undefined, logger: Log): string | undefined {
  if (!path) return undefined;
  try {
    callEngine(() =>
      environment().binding.configCheck(
        encodeOptions({ logKeys: path }),
        false,
      ),
    );
    return path;
  } catch (e) {
    logger.warn(
      `Cannot log TLS keys as SSLKEYLOGFILE says: ${(e as Error).message}`,
    );
    return undefined;
  }
}

/**
 * The engine makes the directory itself, later, and says nothing when it cannot.
 */
async function warnUnlessWritable(
  directory: string,
  logger: Log,
): Promise<void> {
  try {
    const { access, constants, mkdir } = await import('node:fs/promises');
    // As the engine does: qlog files hold stateless reset tokens, which end connections
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await access(directory, constants.W_OK);
  } catch (e) {
    logger.warn(`Cannot write qlog files: ${(e as Error).message}`);
  }
}
