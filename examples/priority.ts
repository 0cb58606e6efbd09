// Sends a small message ahead of a large file on the same connection, and gives up a
// third stream half-way without losing what was committed.
import { events, QUICClient, QUICServer, utils } from '@matrixai/quic';

const { key, cert } = utils.selfSigned();
const server = new QUICServer({ config: { key, cert } });
const names = ['the file', 'the message', 'the part'];
let open = names.length;
server.addEventListener(
  events.EventQUICConnectionStream.name,
  async ({ detail: stream }: events.EventQUICConnectionStream) => {
    const name = names[stream.streamId >> 2];
    let length = 0;
    try {
      for await (const chunk of stream.readable) length += chunk.length;
      console.log(`${name} arrived: ${length} bytes`);
    } catch {
      console.log(`${name} was given up after ${length} bytes`);
    }
    open--;
    if (open > 0) return;
    await client.destroy();
    await server.stop();
  },
);
await server.start({ host: '127.0.0.1' });
const client = await QUICClient.createQUICClient({
  host: '127.0.0.1',
  port: server.port,
  config: { ca: cert },
});
const { connection } = client;

const file = connection.newStream('uni', { urgency: 7 }).writable.getWriter();
const message = connection
  .newStream('uni', { urgency: 0 })
  .writable.getWriter();
const part = connection.newStream('uni');
const partWriter = part.writable.getWriter();

file.write(new Uint8Array(2 ** 23)).then(() => file.close());
message.write(new Uint8Array(1000)).then(() => message.close());
await partWriter.write(new Uint8Array(1000));
part.commit();
await partWriter.abort(new Error('the rest is not needed'));
