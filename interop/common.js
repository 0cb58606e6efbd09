// What both ends of the interop runner share.
import path from 'node:path';

const { env } = process;

/** Where the runner has its folders; the variables are for trying it elsewhere. */
export const folders = {
  certs: env.CERTS ?? '/certs',
  www: env.WWW ?? '/www',
  downloads: env.DOWNLOADS ?? '/downloads',
};

/** Cases that both ends do something for, or that only the network makes. */
const common = [
  ...['handshake', 'transfer', 'longrtt', 'multiplexing', 'retry'],
  ...['resumption', 'zerortt', 'multiconnect', 'blackhole', 'goodput'],
  ...['crosstraffic', 'amplificationlimit', 'handshakeloss', 'transferloss'],
  ...['handshakecorruption', 'transfercorruption', 'ipv6', 'ecn'],
  ...['rebind-port', 'rebind-addr'],
];

/**
 * Cases that only a server has nothing to do for. A client would have to choose a cipher suite or a
 * version, or to update its keys early, of which there is no option.
 */
const ofServers = ['chacha20', 'keyupdate', 'versionnegotiation'];

/**
 * Ends with the code that tells the runner that a case does not apply: `http3`, `v2` and
 * `connectionmigration` are some.
 */
export function checkCase(role) {
  const known = role === 'server' ? [...common, ...ofServers] : common;
  if (!known.includes(env.TESTCASE)) process.exit(127);
  return env.TESTCASE;
}

/** What the configuration of both ends has. Go owns the socket, since Node has no way to ECN. */
export const options = {
  io: env.QUIC_IO ?? 'native',
};

export const config = {
  applicationProtos: ['hq-interop'],
  ...(env.QLOGDIR && { qlog: env.QLOGDIR }),
  ...(env.SSLKEYLOGFILE && { logKeys: env.SSLKEYLOGFILE }),
  maxIdleTimeout: 30_000,
};

/** The path of a file that is asked for, which stays in its folder. */
export function fileIn(folder, name) {
  return path.join(folder, path.posix.normalize(`/${name}`));
}
