import { types } from 'node:util';
import { ErrorQUICConfig } from '../errors/options.js';
import type {
  CongestionControl,
  CongestionController,
  QUICConfig,
} from '../types/config.js';
import { maxQueue } from './datagrams.js';
import { describeSecret, fail, optionError } from './describe.js';
import { isIntegerWithin } from './values.js';

/**
 * What the values of `config.congestionControl` stand for.
 */
export const controllers: Record<CongestionControl, CongestionController> = {
  cubic: 'cubic',
  reno: 'reno',
  bbr: 'bbr',
  default: 'cubic',
  throughput: 'bbr',
  'low-latency': 'bbr',
};

type Check = (value: unknown, option: string) => void;

const sigalgs = [
  'rsa_pkcs1_sha256',
  'rsa_pkcs1_sha384',
  'rsa_pkcs1_sha512',
  'rsa_pss_rsae_sha256',
  'rsa_pss_rsae_sha384',
  'rsa_pss_rsae_sha512',
  'ecdsa_secp256r1_sha256',
  'ecdsa_secp384r1_sha384',
  'ecdsa_secp521r1_sha512',
  'ed25519',
];

export const boolean: Check = (value, option) => {
  if (typeof value !== 'boolean') {
    fail(ErrorQUICConfig, option, value, 'a boolean');
  }
};

export function integer(
  unit: string,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): Check {
  const upper = max === Number.MAX_SAFE_INTEGER ? '2^53 - 1' : max;
  return (value, option) => {
    if (!isIntegerWithin(value, min, max)) {
      fail(
        ErrorQUICConfig,
        option,
        value,
        `an integer from ${min} to ${upper} (${unit})`,
      );
    }
  };
}

/**
 * Looks for a block of the kind only; the engine parses it.
 */
export function pems(kind: 'CERTIFICATE' | 'PRIVATE KEY'): Check {
  const block = new RegExp(`-----BEGIN (?:[A-Z0-9]+ )*${kind}-----`);
  return (value, option) => {
    const parts = Array.isArray(value) ? value : [value];
    for (const [i, part] of parts.entries()) {
      const isBytes = types.isUint8Array(part);
      const text = isBytes ? Buffer.from(part).toString('latin1') : part;
      if (typeof text !== 'string' || !block.test(text)) {
        throw optionError(
          ErrorQUICConfig,
          Array.isArray(value) ? `${option}[${i}]` : option,
          describeSecret(part),
          `a string or Uint8Array with a PEM block of a ${kind}`,
        );
      }
    }
  };
}

function path(kind: string): Check {
  return (value, option) => {
    if (typeof value !== 'string' || value === '' || value.includes('\0')) {
      fail(ErrorQUICConfig, option, value, `the path of ${kind}`);
    }
  };
}

export const checks: { [K in keyof Required<QUICConfig>]: Check } = {
  ca: pems('CERTIFICATE'),
  key: pems('PRIVATE KEY'),
  cert: pems('CERTIFICATE'),
  sigalgs: (value, option) => {
    const names = typeof value === 'string' ? value.split(':') : [];
    const unknown = names.find((name) => !sigalgs.includes(name));
    if (names.length === 0 || unknown !== undefined) {
      fail(
        ErrorQUICConfig,
        option,
        unknown ?? value,
        `a colon separated list of ${sigalgs.join(', ')}`,
      );
    }
  },
  verifyPeer: boolean,
  verifyCallback: (value, option) => {
    if (typeof value !== 'function') {
      fail(ErrorQUICConfig, option, value, 'a function');
    }
  },
  logKeys: path('a file'),
  qlog: path('a directory'),
  grease: boolean,
  keepAliveIntervalTime: integer('milliseconds', 1),
  maxIdleTimeout: integer('milliseconds, 0 for no timeout', 0),
  maxRecvUdpPayloadSize: integer('bytes', 1200, 65527),
  maxSendUdpPayloadSize: integer('bytes', 1200, 65527),
  initialMaxData: integer('bytes', 0),
  initialMaxStreamDataBidiLocal: integer('bytes', 0),
  initialMaxStreamDataBidiRemote: integer('bytes', 0),
  initialMaxStreamDataUni: integer('bytes', 0),
  initialMaxStreamsBidi: integer('streams', 0),
  initialMaxStreamsUni: integer('streams', 0),
  maxConnectionWindow: integer('bytes', 0),
  maxStreamWindow: integer('bytes', 0),
  enableDgram: (value, option) => {
    if (typeof value === 'boolean') return;
    const queue = integer('datagrams, 0 for the default', 0, maxQueue);
    if (Array.isArray(value) && value.length === 3) {
      boolean(value[0], `${option}[0]`);
      queue(value[1], `${option}[1]`);
      queue(value[2], `${option}[2]`);
      return;
    }
    const lengths = Object.entries(value ?? {});
    if (
      typeof value !== 'object' ||
      value === null ||
      Array.isArray(value) ||
      lengths.some(([name]) => name !== 'incoming' && name !== 'outgoing')
    ) {
      fail(
        ErrorQUICConfig,
        option,
        value,
        'true, false, { incoming, outgoing }, or an array of enabled, receive queue length and send queue length',
      );
    }
    for (const [name, length] of lengths) {
      if (length !== undefined) queue(length, `${option}.${name}`);
    }
  },
  congestionControl: (value, option) => {
    if (typeof value !== 'string' || !Object.hasOwn(controllers, value)) {
      fail(
        ErrorQUICConfig,
        option,
        value,
        `one of ${Object.keys(controllers).join(', ')}`,
      );
    }
  },
  disableActiveMigration: boolean,
  applicationProtos: (value, option) => {
    if (!Array.isArray(value) || value.length === 0) {
      fail(ErrorQUICConfig, option, value, 'a non-empty array of strings');
    }
    for (const [i, proto] of value.entries()) {
      const length = typeof proto === 'string' ? Buffer.byteLength(proto) : 0;
      // RFC 7301 section 3.1
      if (length < 1 || length > 255) {
        fail(
          ErrorQUICConfig,
          `${option}[${i}]`,
          proto,
          'a string from 1 to 255 bytes',
        );
      }
    }
  },
  enableEarlyData: boolean,
  readableChunkSize: integer('bytes', 1, 2 ** 31 - 1),
};
