import type { Host, ResolveHostname } from '../types/address.js';
import type { Class } from '../types/common.js';
import { validateTarget } from '../utils/address.js';
import { resolvesZeroIP } from '../utils/ip.js';
import { resolveHosts } from './resolve.js';

/**
 * An address that a socket can send to.
 */
export type Target = {
  /** As the socket has to write it. */
  target: Host;
  host: Host;
  udpType: 'udp4' | 'udp6';
  /** Whether it stands for a wildcard. */
  isZero: boolean;
};

/** Where a socket is bound. */
type Bound = { host: Host; type: 'ipv4' | 'ipv6' | 'ipv4&ipv6' };

// What a resolver is asked for
const families = { ipv4: 4, ipv6: 6, 'ipv4&ipv6': 0 } as const;

/**
 * Resolves a host to the addresses that a socket can send to, in the order of preference: at least
 * one.
 *
 * @param ErrorClass - thrown when there is none
 */
export async function resolveTargets(
  bound: Bound,
  name: string,
  resolveHostname: ResolveHostname,
  ErrorClass: Class<Error>,
): Promise<Array<Target>> {
  const family = families[bound.type];
  const resolved = await resolveHosts(name, resolveHostname, family);
  const targets: Array<Target> = [];
  const unreachable: Array<unknown> = [];
  for (const [address, udpType] of resolved) {
    const host = resolvesZeroIP(address);
    try {
      const target = validateTarget(
        ...([bound.host, bound.type, host, udpType, ErrorClass] as const),
      );
      if (targets.every((other) => other.target !== target)) {
        targets.push({ target, isZero: host !== address, host, udpType });
      }
    } catch (e) {
      unreachable.push(e);
    }
  }
  if (targets.length === 0) throw unreachable[0];
  return targets;
}
