#!/usr/bin/env node
// What people reach for when they do not know whether QUIC gets through:
// `npx @matrixai/quic --help`.
import { createHash, X509Certificate } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import {
  errors,
  events,
  QUICClient,
  QUICServer,
  utils,
} from '../dist/index.js';

const usage = `Usage:
  quic ping HOST:PORT        connects, and says what is there or why not
  quic serve                 answers "quic ping", and takes files of "quic send"
  quic send FILE HOST:PORT   sends a file to "quic serve"

Options:
  --json                  prints JSON, one object for each line
  --ca FILE               trusts these authorities (PEM) in place of those of the system
  --insecure              accepts any certificate
  --fingerprint SHA256    accepts the certificate with this fingerprint alone, as "serve" prints it
  --server-name NAME      verifies the certificate for this name, in place of HOST
  --alpn NAME             an application protocol, may be given several times (default: quic)
  --io dgram|native       who does the UDP I/O (default: dgram)
  --timeout MS            gives up after so many milliseconds (default: 5000)
  --host ADDRESS          where "serve" listens (default: ::)
  --port PORT             of "serve" (default: 4433)
  --key FILE --cert FILE  of "serve" (default: made for this run)
  --directory PATH        where "serve" puts files (default: the current one)
  --help, --version

The exit code is 0 if all went well, 1 if not, and 2 for a wrong command line.`;

const options = {
  alpn: { type: 'string', multiple: true },
  ca: { type: 'string' },
  cert: { type: 'string' },
  directory: { type: 'string', default: '.' },
  fingerprint: { type: 'string' },
  help: { type: 'boolean' },
  host: { type: 'string', default: '::' },
  insecure: { type: 'boolean' },
  io: { type: 'string', default: 'dgram' },
  json: { type: 'boolean' },
  key: { type: 'string' },
  port: { type: 'string', default: '4433' },
  'server-name': { type: 'string' },
  timeout: { type: 'string', default: '5000' },
  version: { type: 'boolean' },
};

class UsageError extends Error {}

let args;

/** Prints a line for people, or an object for programs. */
function print(line, object) {
  console.log(args.json ? JSON.stringify(object) : line);
}

function number(option, least, most) {
  const value = Number(args[option]);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(
    `--${option}: got ${args[option]}, expected an integer from ${least} to ${most}`,
  );
}

/** HOST:PORT, where an IPv6 address is in brackets. */
function target(address = '') {
  const [, host, port] = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(address) ?? [];
  if (host !== undefined && Number(port) >= 1 && Number(port) <= 65_535) {
    return { host, port: Number(port) };
  }
  throw new UsageError(
    `got ${address || 'nothing'}, expected HOST:PORT, such as example.org:443 or [::1]:443`,
  );
}

const fingerprintOf = (der) => createHash('sha256').update(der).digest('hex');

async function config() {
  const wanted = args.fingerprint?.replaceAll(':', '').toLowerCase();
  return {
    ...(args.ca !== undefined && { ca: await readFile(args.ca, 'utf8') }),
    ...(args.alpn !== undefined && { applicationProtos: args.alpn }),
    ...(args.insecure && { verifyPeer: false }),
    ...(wanted !== undefined && {
      verifyPeer: true,
      verifyCallback: async ([leaf]) =>
        fingerprintOf(leaf) === wanted ? undefined : badCertificate,
    }),
  };
}

// 0x100 plus the TLS alert (RFC 9001 section 4.8)
const badCertificate = 0x100 + 42;

async function connect(address) {
  return QUICClient.createQUICClient({
    ...target(address),
    io: args.io,
    serverName: args['server-name'],
    minIdleTimeout: number('timeout', 1, 2 ** 31 - 1),
    config: {
      keepAliveIntervalTime: 100,
      maxIdleTimeout: 30_000,
      ...(await config()),
    },
  });
}

/** What most likely was the matter, and what to do. */
function reasonOf(e) {
  if (e instanceof errors.ErrorQUICHostInvalid) {
    return 'The name does not resolve to an address.';
  }
  if (e instanceof errors.ErrorQUICConnectionIdleTimeout) {
    return 'Nothing came back: nobody listens on that UDP port, or a firewall on the way drops UDP. Try another port or network.';
  }
  if (e instanceof errors.ErrorQUICClientInvalidArgument) {
    return 'This machine has no way to that address.';
  }
  const { errorCode, isApp } = e.data ?? {};
  if (isApp === true || errorCode === undefined) return undefined;
  switch (errorCode) {
    case 0x100 + 120:
      return 'The server is there, and speaks another protocol: name it with --alpn, such as --alpn h3 for HTTP/3.';
    case 0x100 + 48:
      return 'The server is there, and its authority is unknown: name that with --ca FILE, the certificate with --fingerprint, or accept any with --insecure.';
    case badCertificate:
    case 0x100 + 46:
      return args.fingerprint === undefined
        ? 'The server is there, and its certificate is for another name: see --server-name.'
        : 'The server is there, and its certificate has another fingerprint.';
    case 0x100 + 45:
      return 'The server is there, and its certificate has expired or is not valid yet: look at the clock, too.';
    case 0x100 + 116:
      return 'The server is there, and wants a certificate of the client.';
    case 0x11:
      return 'A server is there that speaks another version of QUIC.';
    case 0x02:
      return 'The server is there, and takes no more connections now.';
    default:
      return 'The server is there, and the handshake failed.';
  }
}

async function ping(address) {
  const began = performance.now();
  const client = await connect(address);
  const handshake = performance.now() - began;
  const { connection } = client;
  // It takes some round trips to find out how much the path carries
  const patience = Math.min(2_000, 20 * connection.stats().smoothedRtt + 500);
  await new Promise((resolve) => setTimeout(resolve, patience));
  const { smoothedRtt, minRtt, pathMtu } = connection.stats();
  const certificate = connection.peerCertificate;
  const result = {
    ok: true,
    address: utils.buildAddress(client.host, client.port),
    version: connection.version,
    applicationProtocol: connection.applicationProtocol,
    handshake,
    smoothedRtt,
    minRtt,
    pathMtu,
    certificate: certificate && {
      subject: certificate.subject,
      names: certificate.subjectAltName,
      issuer: certificate.issuer,
      validTo: new Date(certificate.validTo).toISOString(),
      fingerprint: fingerprintOf(certificate.raw),
    },
  };
  await client.destroy();
  print(
    [
      `${result.address} answers`,
      `  QUIC version    ${versions[result.version] ?? result.version}`,
      `  protocol        ${result.applicationProtocol}`,
      `  handshake       ${handshake.toFixed(1)} ms`,
      `  round trip      ${smoothedRtt.toFixed(1)} ms, at least ${minRtt.toFixed(1)} ms`,
      `  path MTU        ${pathMtu} bytes of UDP payload`,
      ...(certificate === undefined
        ? []
        : [
            `  certificate     ${certificate.subject || '(no subject)'} for ${certificate.subjectAltName}`,
            `  issuer          ${certificate.issuer || '(no name)'}`,
            `  valid until     ${result.certificate.validTo}`,
            `  fingerprint     ${result.certificate.fingerprint}`,
          ]),
    ].join('\n'),
    result,
  );
}

// 0x6b3343cf is version 2
const versions = { 1: '1 (RFC 9000)', 1798521807: '2 (RFC 9369)' };

async function serve() {
  const hasOwn = args.key !== undefined || args.cert !== undefined;
  const files = hasOwn ? [required('key'), required('cert')] : [];
  const [key, cert] = hasOwn
    ? await Promise.all(files.map((file) => readFile(file, 'utf8')))
    : Object.values(utils.selfSigned());
  const server = new QUICServer({
    io: args.io,
    config: {
      ...{ key, cert, maxIdleTimeout: 30_000 },
      ...(args.alpn !== undefined && { applicationProtos: args.alpn }),
    },
  });
  await server.start({ host: args.host, port: number('port', 0, 65_535) });
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => server.stop({ force: false }));
  }
  const fingerprint = fingerprintOf(new X509Certificate(cert).raw);
  const address = utils.buildAddress(server.host, server.port);
  print(`Listening on ${address}, fingerprint ${fingerprint}`, {
    event: 'listening',
    address,
    port: server.port,
    fingerprint,
  });
  server.addEventListener(events.EventQUICServerConnection, ({ detail }) => {
    const from = utils.buildAddress(detail.remoteHost, detail.remotePort);
    print(`Connection from ${from}`, { event: 'connection', from });
  });
  for await (const stream of server.incomingStreams) {
    receive(stream).catch((e) => {
      if (!errors.isOrderly(e)) {
        print(`Failed: ${e.message}`, { event: 'error', error: e.message });
      }
    });
  }
}

function required(option) {
  if (args[option] !== undefined) return args[option];
  throw new UsageError(`--${option} is missing: --key and --cert go together`);
}

/**
 * Takes a file: a line with its name and size as JSON, then its bytes. Answers with what came, as
 * JSON. No file is overwritten.
 */
async function receive(stream) {
  const reader = stream.readable.getReader();
  let head = Buffer.alloc(0);
  while (!head.includes(10)) {
    const { done, value } = await reader.read();
    if (done || head.length > 4096) throw new Error('no header came');
    head = Buffer.concat([head, value]);
  }
  const end = head.indexOf(10);
  const { name, size } = JSON.parse(head.subarray(0, end).toString());
  // What a peer calls it is no path
  const base = path.basename(String(name).replaceAll('\\', '/'));
  if (base === '' || base === '.' || base === '..') {
    throw new Error('the file has no name');
  }
  const destination = path.join(args.directory, base);
  const writer = stream.writable.getWriter();
  const file = await open(destination, 'wx').catch(async (e) => {
    await writer.write(Buffer.from(JSON.stringify({ error: e.code })));
    await writer.close();
    await reader.cancel();
    throw e;
  });
  const hash = createHash('sha256');
  let received = 0;
  const take = async (chunk) => {
    received += chunk.length;
    hash.update(chunk);
    await file.writeFile(chunk);
  };
  try {
    await take(head.subarray(end + 1));
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      await take(value);
    }
    if (received !== size) throw new Error('the file is incomplete');
  } catch (e) {
    await file.close();
    await rm(destination);
    throw e;
  }
  await file.close();
  const sha256 = hash.digest('hex');
  await writer.write(Buffer.from(JSON.stringify({ received, sha256 })));
  await writer.close();
  print(`Received ${destination}, ${received} bytes`, {
    event: 'file',
    file: destination,
    size: received,
    sha256,
  });
}

async function send(file, address) {
  if (file === undefined) throw new UsageError('the FILE to send is missing');
  const { size } = await stat(file);
  const client = await connect(address);
  const stream = client.connection.newStream();
  const writer = stream.writable.getWriter();
  const header = { name: path.basename(file), size };
  await writer.write(Buffer.from(`${JSON.stringify(header)}\n`));
  const hash = createHash('sha256');
  const began = performance.now();
  const isShown = !args.json && process.stderr.isTTY;
  let sent = 0;
  let told = 0;
  const answer = text(stream.readable);
  answer.catch(() => {});
  const writing = (async () => {
    for await (const chunk of createReadStream(file, {
      highWaterMark: 1 << 18,
    })) {
      await writer.write(chunk);
      hash.update(chunk);
      sent += chunk.length;
      if (isShown && performance.now() - told > 100) {
        told = performance.now();
        const speed = sent / 1e3 / (told - began);
        process.stderr.write(
          `\r${((100 * sent) / size).toFixed(0)} %, ${speed.toFixed(1)} MB/s `,
        );
      }
    }
    await writer.close();
  })();
  // A server that refuses the file says why, and reads no more of it
  const [written] = await Promise.allSettled([writing, answer]);
  const { received, sha256, error } = JSON.parse(
    await answer.catch((e) => {
      throw written.reason ?? e;
    }),
  );
  if (isShown) process.stderr.write('\r\x1b[K');
  if (error !== undefined)
    throw new Error(`the server refused the file: ${error}`);
  if (received !== size || sha256 !== hash.digest('hex')) {
    throw new Error('the server got other bytes than were sent');
  }
  const seconds = (performance.now() - began) / 1e3;
  print(
    `Sent ${size} bytes in ${seconds.toFixed(2)} s, ${(size / 1e6 / seconds).toFixed(1)} MB/s`,
    { ok: true, file, size, seconds, sha256 },
  );
  await client.destroy();
}

async function main() {
  let positionals;
  try {
    ({ values: args, positionals } = parseArgs({
      options,
      allowPositionals: true,
    }));
  } catch (e) {
    args = {};
    throw new UsageError(e.message);
  }
  if (args.help) return console.log(usage);
  if (args.version) {
    const file = new URL('../package.json', import.meta.url);
    return console.log(JSON.parse(await readFile(file, 'utf8')).version);
  }
  const [command, ...rest] = positionals;
  switch (command) {
    case 'ping':
      return ping(...rest);
    case 'serve':
      return serve();
    case 'send':
      return send(...rest);
    default:
      throw new UsageError(
        command === undefined
          ? 'a command is missing'
          : `no command is called ${command}`,
      );
  }
}

try {
  await main();
} catch (e) {
  if (e instanceof UsageError) {
    console.error(`${e.message}\n\n${usage}`);
    process.exitCode = 2;
  } else {
    const reason = reasonOf(e);
    if (args.json) {
      console.log(
        JSON.stringify({ ok: false, code: e.code, error: e.message, reason }),
      );
    } else {
      console.error(`${e.message}${reason === undefined ? '' : `\n${reason}`}`);
    }
    process.exitCode = 1;
  }
  // A client that failed half way
  if (process.exitCode !== 0) setImmediate(() => process.exit());
}
