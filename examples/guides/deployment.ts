// A server as it is deployed: a health check and metrics over HTTP, an end that lets streams
// finish. Without PORT it tries itself and ends.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { QUICClient, QUICServer, utils } from '@matrixai/quic';
import { Gauge, Registry } from 'prom-client';

const { PORT, METRICS_PORT, KEY_FILE, CERT_FILE } = process.env;
const credentials =
  KEY_FILE && CERT_FILE
    ? { key: await readFile(KEY_FILE), cert: await readFile(CERT_FILE) }
    : utils.selfSigned();
// Streams are logged at the level debug
const logger = { ...console, debug: () => {} };
const server = new QUICServer({ config: credentials, logger });
await server.start({
  host: PORT ? '::' : '127.0.0.1',
  port: Number(PORT ?? 0),
});

// One value for each count of the server and of its socket
const registry = new Registry();
const counts = () => ({ ...server.socket.stats(), ...server.stats() });
for (const name of Object.keys(counts()) as Array<
  keyof ReturnType<typeof counts>
>) {
  new Gauge({
    name: `quic_${name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)}`,
    help: `see ${name} of server.stats() and socket.stats()`,
    registers: [registry],
    collect() {
      this.set(counts()[name]);
    },
  });
}
const web = createServer((request, response) => {
  if (request.url === '/metrics') {
    void registry.metrics().then((text) => response.end(text));
  } else {
    // Who balances the load sends no new clients to a server that is about to stop
    response.statusCode = server.closed ? 503 : 200;
    response.end();
  }
});
web.listen(Number(METRICS_PORT ?? 0));

// As PID 1 of a container a process only ends by signals that it handles
let isStopping = false;
async function stop(): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  // Streams have half of what Docker and systemd give by default, 10 s and more
  const deadline = setTimeout(() => server.stop({ force: true }), 5_000);
  await server.stop({ force: false });
  clearTimeout(deadline);
  web.close();
}
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop);

void (async () => {
  for await (const { readable, writable } of server.incomingStreams) {
    readable.pipeTo(writable).catch(() => {});
  }
})();

// Certificates that certbot or a secret has renewed: kill -HUP
process.on('SIGHUP', async () => {
  if (!KEY_FILE || !CERT_FILE) return;
  const [key, cert] = await Promise.all([
    readFile(KEY_FILE),
    readFile(CERT_FILE),
  ]);
  server.updateConfig({ key, cert });
});

if (!PORT) {
  const client = await QUICClient.createQUICClient({
    host: '127.0.0.1',
    port: server.port,
    config: { ca: `${credentials.cert}` },
  });
  const stream = client.connection.newStream();
  await stream.writable.getWriter().close();
  for await (const _ of stream.readable);
  await client.destroy();
  const address = web.address() as { port: number };
  const url = `http://localhost:${address.port}`;
  console.log((await fetch(`${url}/health`)).status);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  console.log(metrics.match(/^quic_accepted_connections .*$/m)?.[0]);
  process.kill(process.pid, 'SIGTERM');
}
