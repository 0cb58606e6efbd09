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

/** A UDP port of loopback where nobody listens. */
export async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
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
