import { events, native, QUICClient, QUICServer, utils } from '@matrixai/quic';
export { native };
export async function open(io) {
  const { key, cert } = utils.selfSigned();
  const server = new QUICServer({ config: { key, cert }, io });
  server.addEventListener(events.EventQUICConnectionStream.name, ({ detail: stream }) => {
    stream.readable.pipeTo(stream.writable).catch(() => {});
  });
  await server.start({ host: '127.0.0.1' });
  const client = await QUICClient.createQUICClient({ host: '127.0.0.1', port: server.port, config: { ca: cert }, io });
  const stream = client.connection.newStream();
  const writer = stream.writable.getWriter();
  await writer.write(new Uint8Array(1e5));
  await writer.close();
  let n = 0;
  for await (const chunk of stream.readable) n += chunk.length;
  if (n !== 1e5) throw new Error(`${n}`);
  return { server, client };
}
export async function echo(io) {
  const { server, client } = await open(io);
  await client.destroy(); await server.stop();
}
