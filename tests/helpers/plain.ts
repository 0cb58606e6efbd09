import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import type { TestContext } from 'node:test';

/** Binds a UDP socket outside of this library, which ends with the test. */
export async function plainSocket(
  t: TestContext,
  host = '127.0.0.1',
): Promise<Socket> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  t.after(() => socket.close());
  socket.bind(0, host);
  await once(socket, 'listening');
  return socket;
}

/**
 * A port of loopback where nobody listens, of UDP and most likely of TCP. It is none of those that
 * a system gives to sockets that ask for any port (RFC 6335 section 6): another test would take it
 * before it is used.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 30_000);
    const socket = createSocket('udp4').bind(port, '127.0.0.1');
    const isFree = await once(socket, 'listening').then(
      () => true,
      () => false,
    );
    socket.close();
    await once(socket, 'close');
    if (isFree) return port;
  }
}

/** The code of the error if the operating system refuses to send between two hosts. */
export async function refusalToSend(
  t: TestContext,
  from: string,
  to: string,
): Promise<string | undefined> {
  const socket = await plainSocket(t, from);
  return new Promise((resolve) => {
    socket.send('datagram', 4433, to, (e) =>
      resolve((e as NodeJS.ErrnoException | null)?.code),
    );
  });
}
