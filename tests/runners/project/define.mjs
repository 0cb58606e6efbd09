// The tests of each file, for any runner.
import dgram from 'node:dgram';
import { once } from 'node:events';
import { appendFileSync, readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { getHeapSnapshot } from 'node:v8';
import { events, native, QUICClient, QUICServer, utils } from '@matrixai/quic';

// With LEAVE_OPEN every file leaves sockets open, whose ports are in this file
const file = new URL('ports.txt', import.meta.url);

/** Opens a server that echoes, and a client that sent something and has it back. */
async function open(io) {
  const { key, cert } = utils.selfSigned();
  const server = new QUICServer({ config: { key, cert }, io });
  server.addEventListener(
    events.EventQUICConnectionStream.name,
    ({ detail: stream }) => {
      stream.readable.pipeTo(stream.writable).catch(() => {});
    },
  );
  await server.start({ host: '127.0.0.1' });
  const client = await QUICClient.createQUICClient({
    host: '127.0.0.1',
    port: server.port,
    config: { ca: cert },
    io,
  });
  const stream = client.connection.newStream();
  const writer = stream.writable.getWriter();
  writer.write(new Uint8Array(100_000)).then(() => writer.close());
  let length = 0;
  for await (const chunk of stream.readable) length += chunk.length;
  if (length !== 100_000) throw new Error(`${length} bytes came back`);
  return { server, client };
}

/** Lets data flow to a server and back without end; resolves when some is back. */
async function flow(client) {
  const { readable, writable } = client.connection.newStream();
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
  });
  endless.pipeTo(writable).catch(() => {});
  await new Promise((resolve) => {
    let length = 0;
    const sink = new WritableStream({
      write(chunk) {
        length += chunk.length;
        if (length > 1_000_000) resolve();
      },
    });
    readable.pipeTo(sink).catch(() => {});
  });
}

async function isFree(port) {
  const socket = dgram.createSocket('udp4');
  try {
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

export function define(number) {
  for (const io of ['dgram', 'native']) {
    test(`a server and a client, ${io}`, async () => {
      const { server, client } = await open(io);
      await client.destroy();
      await server.stop();
      const { transports, listeners, connections } = native.debugStats();
      if (transports + listeners + connections > 0)
        throw new Error('not closed');
    });
  }

  if (process.env.LEAVE_OPEN) {
    for (const io of ['dgram', 'native']) {
      test(`what is left open, ${io}`, async () => {
        const { server, client } = await open(io);
        if (process.env.LEAVE_OPEN === 'flowing') await flow(client);
        appendFileSync(file, `${number} ${server.port}\n`);
        appendFileSync(file, `${number} ${client.localPort}\n`);
      });
    }
  }

  if (process.env.LEAVE_OPEN === 'until collected' && number === 3) {
    test('what the first file left open is closed when it is collected', async () => {
      const lines = readFileSync(file, 'utf8').trim().split('\n');
      for (const line of lines) {
        const [number, port] = line.split(' ').map(Number);
        while (number === 1 && !(await isFree(port))) {
          // It collects more than a collection does
          getHeapSnapshot().destroy();
          await setImmediate();
        }
      }
    }, 20_000);
  }
}
