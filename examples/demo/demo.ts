import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { events, type SocketIO } from '@matrixai/quic';
import Table from 'cli-table3';
import { connect, type Transfer, transfer } from './client.js';
import { type Address, formatAddress, parse, usage } from './options.js';
import { startServer } from './server.js';
import { open, type Source } from './source.js';
import type { Digest } from './transfer.js';

/** A transfer, and what the server received when that is known here. */
type Outcome = Transfer & { received?: Digest };

/** Server and client in this process. */
async function runBoth(io: SocketIO, source: Source): Promise<Outcome> {
  let received: Promise<Digest> | undefined;
  const { server, cert } = await startServer(
    { host: '127.0.0.1', port: 0 },
    io,
    (_, echo) => {
      received = echo;
      // The client sees that its stream failed.
      echo.catch(() => {});
    },
  );
  try {
    const address = { host: server.host, port: server.port };
    const client = await connect(address, io, cert);
    try {
      const result = await transfer(client, io, source);
      return { ...result, received: await received };
    } finally {
      await client.destroy({ force: true });
    }
  } finally {
    await server.stop({ force: true });
  }
}

async function runClient(
  address: Address,
  io: SocketIO,
  source: Source,
): Promise<Outcome> {
  const client = await connect(address, io);
  try {
    const [cert] = client.connection.getRemoteCertsChain();
    console.log(
      `Connected over ${io}. The server's certificate is not verified: compare its SHA-256 with what the server printed:\n  ${new X509Certificate(cert).fingerprint256}`,
    );
    return await transfer(client, io, source);
  } finally {
    await client.destroy({ force: true });
  }
}

async function runServer(address: Address, io: SocketIO): Promise<void> {
  const { server, cert } = await startServer(
    address,
    io,
    async (connection, echo) => {
      const peer = formatAddress({
        host: connection.remoteHost,
        port: connection.remotePort,
      });
      try {
        const { bytes, sha256 } = await echo;
        console.log(`${peer}: echoed ${bytes} bytes, SHA-256 ${sha256}`);
      } catch (error) {
        console.log(`${peer}: ${describe(error)}`);
      }
    },
  );
  const bound = formatAddress({ host: server.host, port: server.port });
  console.log(
    `Listening on ${bound} over ${io}, Ctrl-C to stop. SHA-256 of the certificate:\n  ${new X509Certificate(cert).fingerprint256}`,
  );
  const failure = once(server, events.EventQUICServerError.name);
  const interrupt = Promise.race([
    once(process, 'SIGINT'),
    once(process, 'SIGTERM'),
  ]);
  const [event] = await Promise.race([failure, interrupt]);
  await server.stop({ force: true });
  if (event instanceof events.EventQUICServerError) throw event.detail;
}

/** True when every hash that is known is the same. */
function intact({ sent, received, returned }: Outcome): boolean {
  return (
    returned.sha256 === sent.sha256 &&
    (received === undefined || received.sha256 === sent.sha256)
  );
}

function table(outcomes: Array<Outcome>): string {
  const lines = new Table({
    head: ['I/O', 'bytes each way', 'seconds', 'MB/s each way', 'SHA-256'],
    colAligns: ['left', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
  });
  for (const outcome of outcomes) {
    const { io, seconds, sent } = outcome;
    lines.push([
      io,
      sent.bytes.toLocaleString('en'),
      seconds.toFixed(2),
      (sent.bytes / seconds / 1e6).toFixed(1),
      intact(outcome) ? 'ok' : 'DIFFERS',
    ]);
  }
  return lines.toString();
}

/** The error and its causes on one line. */
function describe(error: any): string {
  const parts: Array<string> = [];
  for (let at = error; at instanceof Error; at = at.cause as any) {
    parts.push(at.message || at.name);
  }
  return (parts.join(': ') || String(error)).replaceAll('\n', ' ');
}

async function main(): Promise<void> {
  const options = parse(process.argv.slice(2));
  if (options === undefined) {
    console.log(usage);
    return;
  }
  if (options.server) {
    await runServer(options.server, options.ios[0]);
    return;
  }
  const source = await open(options);
  const where = options.client
    ? `to ${formatAddress(options.client)}`
    : 'to a server in this process';
  console.log(
    `Sending ${source.description}, ${source.size.toLocaleString('en')} bytes, ${where} and back.`,
  );
  const outcomes: Array<Outcome> = [];
  for (const io of options.ios) {
    outcomes.push(
      options.client
        ? await runClient(options.client, io, source)
        : await runBoth(io, source),
    );
  }
  console.log(table(outcomes));
  const damaged = outcomes.filter((outcome) => !intact(outcome));
  if (damaged.length > 0) {
    throw new Error(
      `the SHA-256 differs over ${damaged.map(({ io }) => io).join(' and ')}`,
    );
  }
}

main().catch((error) => {
  console.error(`demo: ${describe(error)}`);
  process.exitCode = 1;
});
