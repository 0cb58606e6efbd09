import { ErrorQUICOptionInvalid } from '../errors/options.js';
import type Log from '../log/Log.js';
import { type OptionError, optionError } from './describe.js';

/**
 * The options of an object. To add an option is to add its name here: where an object is checked,
 * the compiler asks for all names that its type has.
 */
export type OptionNames<Name extends string = string> = {
  /** What stands before a name in messages, such as `config.`. */
  path: string;
  /** The names of all options. */
  names: Readonly<Record<Name, true>>;
  /** What the same is called elsewhere, with the option that is meant. */
  meant?: Readonly<Record<string, string>>;
};

/**
 * Checks the names of options. One that is nearly another one is an error, since it may be one that
 * lets people in. Any other that is unknown is a warning, so that programs go on working. Those
 * that are `undefined` pass.
 *
 * @param options - anything that is no object is left to others to refuse
 * @param logger - gets the warnings, must have been checked
 */
export function checkNames<T extends object>(
  options: T | undefined,
  table: OptionNames<keyof NoInfer<T> & string>,
  logger?: Pick<Log, 'warn'>,
  ErrorClass: OptionError = ErrorQUICOptionInvalid,
): void {
  if (typeof options !== 'object' || options === null) return;
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(table.names, name)) continue;
    const option = `${table.path}${name}`;
    const meant = meantBy(name, table);
    if (meant !== undefined) {
      const got = 'an option that does not exist';
      throw optionError(ErrorClass, option, got, meant);
    }
    logger?.warn(`Ignored the option ${option}, which does not exist`);
  }
}

/**
 * The option that is meant by a name that is none, if it is near to one.
 */
function meantBy(name: string, table: OptionNames): string | undefined {
  const candidates = [
    ...Object.keys(table.names).map((name) => [name, table.path + name]),
    ...Object.entries(table.meant ?? {}),
  ];
  let nearest: string | undefined;
  let least = Infinity;
  for (const [candidate, option] of candidates) {
    const most = slips(candidate);
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance <= most && distance < least) {
      nearest = option;
      least = distance;
    }
  }
  return nearest;
}

/** How many letters of a name may be wrong. Short ones are near to too many others. */
function slips({ length }: string): number {
  if (length < 3) return 0;
  return length < 5 ? 1 : 2;
}

/**
 * How many letters have to be added, left out, changed or swapped with the next one; Infinity if
 * that is more than 2.
 */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return Infinity;
  let beforeLast: Array<number> = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        last[j] + 1,
        row[j - 1] + 1,
        last[j - 1] + (isSame ? 0 : 1),
        i > 1 && j > 1 && isSwapped ? beforeLast[j - 2] + 1 : Infinity,
      );
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length];
}

const config = {
  ca: true,
  key: true,
  cert: true,
  sigalgs: true,
  verifyPeer: true,
  verifyCallback: true,
  logKeys: true,
  qlog: true,
  grease: true,
  keepAliveIntervalTime: true,
  maxIdleTimeout: true,
  maxRecvUdpPayloadSize: true,
  maxSendUdpPayloadSize: true,
  initialMaxData: true,
  initialMaxStreamDataBidiLocal: true,
  initialMaxStreamDataBidiRemote: true,
  initialMaxStreamDataUni: true,
  initialMaxStreamsBidi: true,
  initialMaxStreamsUni: true,
  maxConnectionWindow: true,
  maxStreamWindow: true,
  enableDgram: true,
  congestionControl: true,
  disableActiveMigration: true,
  applicationProtos: true,
  enableEarlyData: true,
  readableChunkSize: true,
} as const;

/** What `node:tls`, W3C WebTransport and other libraries of QUIC call options of `config`. */
const elsewhere = {
  ALPNProtocols: 'config.applicationProtos',
  alpn: 'config.applicationProtos',
  protocols: 'config.applicationProtos',
  rejectUnauthorized: 'config.verifyPeer',
  requestCert: 'config.verifyPeer',
  checkServerIdentity: 'config.verifyCallback',
  serverCertificateHashes: 'config.verifyCallback',
  pfx: 'config.key and config.cert',
  SNICallback: 'config.key and config.cert',
  requireUnreliable: 'config.enableDgram',
  enableDatagrams: 'config.enableDgram',
  idleTimeout: 'config.maxIdleTimeout',
  anticipatedConcurrentIncomingBidirectionalStreams:
    'config.initialMaxStreamsBidi',
  anticipatedConcurrentIncomingUnidirectionalStreams:
    'config.initialMaxStreamsUni',
};

/** Options of `config` that were given one level too high. */
const outside = {
  ...elsewhere,
  ...Object.fromEntries(
    Object.keys(config).map((name) => [name, `config.${name}`]),
  ),
};

export const clientConfigNames = {
  path: 'config.',
  names: config,
  meant: {
    ...elsewhere,
    serverName: 'serverName',
    session: 'session',
    minIdleTimeout: 'minIdleTimeout',
    handshakeTimeout: 'minIdleTimeout',
  },
} as const;

export const serverConfigNames = {
  path: 'config.',
  names: config,
  meant: {
    ...elsewhere,
    minIdleTimeout: 'minIdleTimeout',
    handshakeTimeout: 'minIdleTimeout',
  },
} as const;

export const socketNames = {
  path: '',
  names: {
    io: true,
    crypto: true,
    loadBalancing: true,
    resolveHostname: true,
    logger: true,
  },
  meant: { lookup: 'resolveHostname' },
} as const;

export const serverNames = {
  path: '',
  names: {
    config: true,
    crypto: true,
    loadBalancing: true,
    socket: true,
    io: true,
    resolveHostname: true,
    reasonToCode: true,
    codeToReason: true,
    minIdleTimeout: true,
    retry: true,
    retryThreshold: true,
    maxHandshakes: true,
    maxUnvalidatedHandshakes: true,
    maxConnections: true,
    maxConnectionsPerAddress: true,
    tokenLifetime: true,
    logger: true,
  },
  meant: {
    ...outside,
    ticketKeys: 'crypto.key',
    handshakeTimeout: 'minIdleTimeout',
    lookup: 'resolveHostname',
  },
} as const;

export const clientNames = {
  path: '',
  names: {
    host: true,
    port: true,
    serverName: true,
    localHost: true,
    localPort: true,
    socket: true,
    io: true,
    crypto: true,
    session: true,
    minIdleTimeout: true,
    config: true,
    resolveHostname: true,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: true,
    reuseAddr: true,
    ipv6Only: true,
    reasonToCode: true,
    codeToReason: true,
    signal: true,
    logger: true,
  },
  meant: {
    ...outside,
    hostname: 'host',
    localAddress: 'localHost',
    lookup: 'resolveHostname',
    timer: 'ctx.timer',
    timeout: 'ctx.timer',
    handshakeTimeout: 'minIdleTimeout',
  },
} as const;

export const contextNames = {
  path: 'ctx.',
  names: { timer: true, signal: true },
  meant: { timeout: 'ctx.timer' },
} as const;

/**
 * That of a client has no key, which programs may give all the same.
 */
export const cryptoNames = {
  path: 'crypto.',
  names: { key: true, ops: true },
} as const;

export const loadBalancingNames = {
  path: 'loadBalancing.',
  names: {
    serverId: true,
    key: true,
    nonceLength: true,
    configId: true,
    encodeLength: true,
    takeOver: true,
  },
} as const;

export const startNames = {
  path: '',
  names: {
    host: true,
    port: true,
    reuseAddr: true,
    ipv6Only: true,
    signal: true,
  },
  meant: { address: 'host', hostname: 'host' },
} as const;

export const socketStopNames = {
  path: '',
  names: { force: true, signal: true },
} as const;

export const closeNames = {
  path: '',
  names: {
    isApp: true,
    errorCode: true,
    reason: true,
    force: true,
    signal: true,
  },
  meant: { closeCode: 'errorCode' },
} as const;

export const destroyStreamNames = {
  path: '',
  names: { force: true, reason: true, signal: true },
} as const;

export const newStreamNames = {
  path: 'options.',
  names: { urgency: true, incremental: true, signal: true },
  meant: { sendOrder: 'options.urgency' },
} as const;

export const priorityNames = {
  path: 'priority.',
  names: { urgency: true, incremental: true },
  meant: { sendOrder: 'priority.urgency' },
} as const;

export const migrateNames = {
  path: '',
  names: { socket: true, signal: true },
} as const;

export const signalNames = { path: '', names: { signal: true } } as const;

export const selfSignedNames = {
  path: '',
  names: { hosts: true, days: true, algorithm: true },
} as const;

export const authorityNames = {
  path: '',
  names: { name: true, days: true, algorithm: true, key: true, cert: true },
} as const;

export const issueNames = {
  path: '',
  names: { hosts: true, days: true, client: true },
} as const;
