import type { ContextTimedInput } from '@matrixai/contexts';
import QUICConnection from '../../QUICConnection.js';
import QUICSocket, { validateSocket } from '../../QUICSocket.js';
import {
  ErrorQUICClientCreateTimeout,
  ErrorQUICClientInvalidHost,
  ErrorQUICClientSocketNotRunning,
} from '../errors/client.js';
import { ErrorQUICConfig } from '../errors/options.js';
import * as internals from '../internals.js';
import { throwIfAborted } from '../lifecycle/abort.js';
import Log from '../log/Log.js';
import { withLogFiles } from '../log/logFiles.js';
import { lookupAll } from '../socket/resolve.js';
import { checkAuthorities } from '../tls/authorities.js';
import type { Port, ResolveHostname } from '../types/address.js';
import type { Options } from '../types/common.js';
import { buildAddress } from '../utils/address.js';
import {
  toCertificateName,
  validateHost,
  validatePort,
} from '../validation/address.js';
import {
  validateAttemptTimeout,
  validateMinIdleTimeout,
  validateSession,
} from '../validation/client.js';
import { validateConfig } from '../validation/config.js';
import { validateCrypto } from '../validation/crypto.js';
import { validateLogger } from '../validation/logger.js';
import {
  checkNames,
  clientConfigNames,
  clientNames,
  contextNames,
  cryptoNames,
} from '../validation/optionNames.js';
import {
  validateBoolean,
  validateFunction,
  validateObject,
  validateSignal,
} from '../validation/values.js';
import { firstOf, interleave } from './attempts.js';
import { link, validateContext } from './deadline.js';
import { failureOf } from './failure.js';
import type { QUICClientOptions } from './options.js';

/**
 * What a client is made of.
 */
export type Connected = {
  socket: QUICSocket;
  isSocketShared: boolean;
  connection: QUICConnection;
  logger: Log;
};

/**
 * Connects, and gives up as the context says.
 *
 * @param make - makes the client once it is connected
 * @param name - of the client, for its log
 */
export async function connect<T>(
  make: (connected: Connected) => T,
  name: string,
  opts: QUICClientOptions,
  ctx: Options<ContextTimedInput> = {},
  controller: AbortController,
): Promise<T> {
  validateObject(opts, 'opts');
  validateObject(ctx, 'ctx');
  validateLogger(opts.logger);
  checkNames(opts, clientNames, opts.logger);
  checkNames(ctx, contextNames, opts.logger);
  validateContext(ctx);
  validateSignal(opts.signal);
  const host = validateHost(opts.host);
  const port = validatePort(opts.port, 'port', 1);
  const address = buildAddress(host, port);
  const timedOut = () =>
    new ErrorQUICClientCreateTimeout(
      `no connection to ${address} before ctx.timer expired`,
      { data: { host, port } },
    );
  const unlinks = [ctx, { signal: opts.signal }].map((ctx) =>
    link(ctx, controller, timedOut),
  );
  try {
    const hasTimer = ctx.timer !== undefined;
    const target = { peer: host, port, address };
    const { signal } = controller;
    return await connectNow(make, name, opts, target, signal, hasTimer);
  } finally {
    for (const unlink of unlinks) unlink();
  }
}

async function connectNow<T>(
  make: (connected: Connected) => T,
  name: string,
  opts: QUICClientOptions,
  { peer, port, address }: { peer: string; port: Port; address: string },
  signal: AbortSignal,
  hasTimer: boolean,
): Promise<T> {
  const { reasonToCode, codeToReason, logger: given } = opts;
  checkNames(opts.crypto, cryptoNames, given);
  checkNames(opts.config, clientConfigNames, given, ErrorQUICConfig);
  if (opts.localHost !== undefined) validateHost(opts.localHost, 'localHost');
  if (opts.localPort !== undefined) validatePort(opts.localPort, 'localPort');
  const serverName = certificateName(peer, opts.serverName);
  validateSocket(opts.socket);
  validateMinIdleTimeout(opts.minIdleTimeout);
  validateSession(opts.session);
  validateCrypto(opts.crypto, 'client');
  validateFunction(opts.resolveHostname, 'resolveHostname');
  const { autoSelectFamily = true, autoSelectFamilyAttemptTimeout = 250 } =
    opts;
  validateBoolean(autoSelectFamily, 'autoSelectFamily');
  validateAttemptTimeout(
    autoSelectFamilyAttemptTimeout,
    'autoSelectFamilyAttemptTimeout',
  );
  validateFunction(reasonToCode, 'reasonToCode');
  validateFunction(codeToReason, 'codeToReason');
  const config = validateConfig(opts.config ?? {}, 'client');
  // It may be changed while the host is resolved
  const session = opts.session && new Uint8Array(opts.session);
  const resolveHostname = opts.resolveHostname ?? lookupAll;
  const logger = Log.of(given);
  checkAuthorities(config, logger);

  const isSocketShared = opts.socket !== undefined;
  const socket = opts.socket ?? newSocket(opts, resolveHostname, logger);
  if (isSocketShared && !socket[internals.isOpen]) {
    throw new ErrorQUICClientSocketNotRunning();
  }
  logger.info(`Create ${name} to ${address}`);
  if (!isSocketShared) {
    // Which families it reaches is known then
    await socket.start({
      host: opts.localHost,
      port: opts.localPort,
      reuseAddr: opts.reuseAddr,
      ipv6Only: opts.ipv6Only,
    });
  }
  try {
    throwIfAborted(signal);
    const found = await socket[internals.resolveTargets](
      peer,
      resolveHostname,
      ErrorQUICClientInvalidHost,
    );
    const targets = autoSelectFamily
      ? interleave(found, ({ udpType }) => udpType)
      : found.slice(0, 1);
    const connection = await firstOf(
      targets,
      autoSelectFamilyAttemptTimeout,
      signal,
      async ({ target, host, isZero }, signal) => {
        const connection = new QUICConnection({
          type: 'client',
          remoteInfo: { host: target, port },
          isOneOfSeveral: targets.length > 1,
          // Nobody has a certificate for a wildcard
          serverName:
            opts.serverName === undefined && isZero ? host : serverName,
          config: withLogFiles(config, logger),
          session,
          minIdleTimeout:
            opts.minIdleTimeout ?? (hasTimer ? Infinity : undefined),
          socket,
          reasonToCode,
          codeToReason,
          logger: logger.getChild(QUICConnection.name),
        });
        await connection.start({}, { signal });
        return connection;
      },
      (connection) => void connection.stop({ force: true }),
      (failures) => failureOf(name, address, port, failures, logger),
    );
    const client = make({ socket, isSocketShared, connection, logger });
    logger.info(`Created ${name} to ${address}`);
    return client;
  } catch (e) {
    if (!isSocketShared) {
      await socket.stop({ force: true });
    } else if (!socket[internals.isOpen] && !signal.aborted) {
      throw new ErrorQUICClientSocketNotRunning(undefined, { cause: e });
    }
    throw e;
  }
}

function certificateName(host: string, serverName?: string): string {
  if (serverName === undefined) return toCertificateName(host, 'host');
  return toCertificateName(
    validateHost(serverName, 'serverName'),
    'serverName',
  );
}

function newSocket(
  opts: QUICClientOptions,
  resolveHostname: ResolveHostname,
  logger: Log,
): QUICSocket {
  const socket = new QUICSocket({
    io: opts.io,
    resolveHostname,
    logger: logger.getChild(QUICSocket.name),
  });
  // The connection holds the event loop, not its socket
  return socket.unref();
}
