import * as net from 'node:net';
import { ErrorQUICHostInvalid } from '../errors/options.js';
import type { Host, ResolveHostname } from '../types/address.js';
import { describe } from '../validation/describe.js';

/**
 * All addresses of a hostname, in the order of the operating system's resolver, which sorts them
 * (RFC 6724).
 */
export async function lookupAll(
  hostname: string,
  { family }: { family: 0 | 4 | 6 },
): Promise<Array<string>> {
  // Loaded at the first use, as all that an import can do without
  const { lookup } = await import('node:dns/promises');
  const found = await lookup(hostname, { all: true, family });
  return found.map(({ address }) => address);
}

/**
 * Resolves an IP address or hostname to its addresses, in the order of the resolver, each with the
 * type of UDP socket that can use it.
 *
 * @param family - what the resolver is asked for
 */
export async function resolveHosts(
  host: string,
  resolveHostname: ResolveHostname,
  family: 0 | 4 | 6,
): Promise<Array<[Host, 'udp4' | 'udp6']>> {
  let names: ReadonlyArray<string> = [host];
  for (
    let i = 0;
    i < maxResolutions && !names.every((name) => net.isIP(name));
    i++
  ) {
    const resolved = await Promise.all(
      names.map((name) =>
        net.isIP(name) ? [name] : resolveOnce(name, resolveHostname, family),
      ),
    );
    names = resolved.flat();
  }
  return names.map((name) => {
    if (net.isIPv4(name)) return [name as Host, 'udp4'];
    if (net.isIPv6(name)) return [name as Host, 'udp6'];
    throw new ErrorQUICHostInvalid(
      `host: ${describe(host)} resolves to one name after another and never to an IP address; the last is ${describe(name)}`,
      { data: { host } },
    );
  });
}

// Names can stand for others, but a resolver can also go round in circles
const maxResolutions = 16;

async function resolveOnce(
  name: string,
  resolveHostname: ResolveHostname,
  family: 0 | 4 | 6,
): Promise<Array<string>> {
  let resolved: unknown;
  try {
    resolved = await resolveHostname(name, { family });
  } catch (e) {
    throw new ErrorQUICHostInvalid(
      `host: ${describe(name)} does not resolve to an IP address`,
      { data: { host: name }, cause: e },
    );
  }
  const list: ReadonlyArray<unknown> = Array.isArray(resolved)
    ? resolved
    : [resolved];
  const wrong = list.find((one) => typeof one !== 'string');
  if (wrong !== undefined || list.includes(undefined) || list.length === 0) {
    const what = list.length === 0 ? 'nothing' : describe(wrong);
    throw new ErrorQUICHostInvalid(
      `host: ${describe(name)} resolves to ${what}, which is not an IP address`,
      { data: { host: name } },
    );
  }
  return list as Array<string>;
}
