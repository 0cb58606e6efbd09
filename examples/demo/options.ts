import { isIPv6 } from 'node:net';
import { parseArgs } from 'node:util';
import type { SocketIO } from '@matrixai/quic';

const ios: Array<SocketIO> = ['native', 'dgram'];
const mebibyte = 2 ** 20;

export const usage = `npm run demo -- [options]

Sends data over one QUIC stream to a server that echoes it, and compares the
SHA-256 of what was sent with that of what came back.

  --server HOST:PORT  only serve, until interrupted
  --client HOST:PORT  only send, to a server in another process
                      (neither: server and client in this process)
  --file PATH         send this file
  --size MIB          send this much generated data (default 256)
  --io MODE           only this I/O mode: ${ios.join(' or ')}
                      (default: each in turn; a server alone uses dgram)
  --help              this text

An IPv6 address goes in brackets: --server [::1]:4433`;

export interface Address {
  host: string;
  port: number;
}

export interface Options {
  server?: Address;
  client?: Address;
  /** Path of the file to send; without it data is generated. */
  file?: string;
  /** Bytes to generate. */
  size: number;
  ios: Array<SocketIO>;
}

/**
 * Reads the command line.
 *
 * @returns Nothing when only the usage is asked for.
 * @throws With a message that names the option, what it got and what it wants.
 */
export function parse(args: Array<string>): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      server: { type: 'string' },
      client: { type: 'string' },
      file: { type: 'string' },
      size: { type: 'string' },
      io: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return;
  const together = (a: keyof typeof values, b: keyof typeof values) => {
    if (values[a] !== undefined && values[b] !== undefined) {
      throw new Error(`--${a} and --${b} cannot be given together`);
    }
  };
  together('server', 'client');
  together('server', 'file');
  together('server', 'size');
  together('file', 'size');
  return {
    server: parseAddress('--server', values.server, 0),
    client: parseAddress('--client', values.client, 1),
    file: values.file,
    size: parseSize(values.size ?? '256'),
    ios: parseIO(values.io, values.server === undefined ? ios : ['dgram']),
  };
}

function parseAddress(
  option: string,
  value: string | undefined,
  lowestPort: number,
): Address | undefined {
  if (value === undefined) return;
  const [, ipv6, name, digits] =
    /^(?:\[([^\]]*)\]|([^:[\]]+)):(\d{1,5})$/.exec(value) ?? [];
  const port = Number(digits);
  if (
    digits === undefined ||
    (ipv6 !== undefined && !isIPv6(ipv6)) ||
    port < lowestPort ||
    port > 65535
  ) {
    throw new Error(
      `${option} wants HOST:PORT with a port from ${lowestPort} to 65535 and an IPv6 host in brackets, got "${value}"`,
    );
  }
  return { host: ipv6 ?? name, port };
}

export function formatAddress({ host, port }: Address): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

function parseSize(value: string): number {
  const size = /^\d+(\.\d+)?$/.test(value)
    ? Math.round(Number(value) * mebibyte)
    : Number.NaN;
  if (!Number.isSafeInteger(size)) {
    throw new Error(`--size wants a number of MiB, got "${value}"`);
  }
  return size;
}

function parseIO(
  value: string | undefined,
  fallback: Array<SocketIO>,
): Array<SocketIO> {
  if (value === undefined) return fallback;
  const io = ios.find((io) => io === value);
  if (io === undefined) {
    throw new Error(`--io wants ${ios.join(' or ')}, got "${value}"`);
  }
  return [io];
}
