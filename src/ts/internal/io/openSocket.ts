import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { environment } from '../engine/Environment.js';
import { outOfContext } from '../engine/thread.js';
import type { Host } from '../types/address.js';
import { type BindOptions, bindInEngine } from './SocketTransport.js';

/**
 * Opens a socket of `dgram`.
 *
 * @returns the socket and the descriptor on which the engine sends, `-1` if all goes through Node
 */
export async function openSocket(
  options: BindOptions,
): Promise<{ socket: Socket; descriptor: number }> {
  const { host, udpType, reuseAddr, ipv6Only } = options;
  // Loaded at the first use, as all that an import can do without
  const { createSocket } = await import('node:dgram');
  const { lookup } = environment().thread;
  const socket = outOfContext(() =>
    createSocket({
      type: udpType,
      reuseAddr,
      ipv6Only,
      // Addresses are resolved before they come here
      lookup,
    }),
  );
  try {
    // With that lookup it may be listening before bind() returns
    const listening = once(socket, 'listening');
    const descriptor = bind(socket, options);
    await listening;
    return { socket, descriptor };
  } catch (e) {
    socket.close();
    const isAny = host === '::' && !ipv6Only;
    if (isAny && (e as NodeJS.ErrnoException).code === 'EAFNOSUPPORT') {
      // A system without IPv6, where that means all addresses too
      const any = { host: '0.0.0.0' as Host, udpType: 'udp4' as const };
      return openSocket({ ...options, ...any });
    }
    throw e;
  }
}

function bind(socket: Socket, options: BindOptions): number {
  const { host, port, reuseAddr, ipv6Only } = options;
  // Otherwise the workers of a cluster would share a port, and get each other's packets
  const exclusive = true;
  if (!canAdopt()) {
    socket.bind({ address: host, port, exclusive });
    return -1;
  }
  const { binding } = environment();
  const fd = bindInEngine(options, () =>
    binding.transportBind(host, port, reuseAddr, ipv6Only),
  );
  try {
    socket.bind({ fd, exclusive });
  } catch (e) {
    closeSync(fd);
    throw e;
  }
  return fd;
}

/**
 * Whether Node's socket can be one that the engine has bound, on whose descriptor it sends with
 * what the system has for that. Otherwise all goes through Node, packet by packet.
 */
function canAdopt(): boolean {
  const { platform, versions } = process;
  return platform === 'linux' && !('bun' in versions || 'deno' in versions);
}
