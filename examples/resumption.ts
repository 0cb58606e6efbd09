// Comes back to a server with the session of an earlier connection, and sends a request with
// the first packet (0-RTT). Asking what the time is does no harm when somebody repeats it.
import {
  events,
  QUICClient,
  type QUICConnection,
  QUICServer,
  utils,
} from '@matrixai/quic';

const { key, cert } = utils.selfSigned();
const server = new QUICServer({
  config: { key, cert, enableEarlyData: true },
});
server.addEventListener(
  events.EventQUICConnectionStream.name,
  async ({ detail: stream }: events.EventQUICConnectionStream) => {
    for await (const _ of stream.readable);
    const writer = stream.writable.getWriter();
    await writer.write(Buffer.from(new Date().toISOString()));
    await writer.close();
  },
);
await server.start({ host: '127.0.0.1' });

async function connect(session?: Uint8Array): Promise<QUICClient> {
  return QUICClient.createQUICClient({
    host: '127.0.0.1',
    port: server.port,
    session,
    config: { ca: cert, enableEarlyData: true },
  });
}

async function ask(connection: QUICConnection): Promise<string> {
  const stream = connection.newStream();
  await stream.writable.getWriter().close();
  let answer = '';
  for await (const chunk of stream.readable) answer += Buffer.from(chunk);
  return answer;
}

const first = await connect();
const session = await new Promise<Uint8Array>((resolve) => {
  first.addEventListener(
    events.EventQUICConnectionSession.name,
    ({ detail }: events.EventQUICConnectionSession) => resolve(detail),
  );
});
console.log(`The first time, it is ${await ask(first.connection)}`);
await first.destroy();

// Perhaps in another process, and days later
const second = await connect(session);
const { connection } = second;
try {
  console.log(`Now it is ${await ask(connection)}`);
} catch (e) {
  await connection.handshakeCompletedP;
  if (connection.earlyData !== 'rejected') throw e;
  console.log(`Asked again, it is ${await ask(connection)}`);
}
await connection.handshakeCompletedP;
console.log(`Resumed: ${connection.resumed}, early: ${connection.earlyData}`);
await second.destroy();
await server.stop();
