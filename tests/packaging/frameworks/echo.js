// An application of CommonJS.
const { QUICClient, QUICServer, utils } = require('@matrixai/quic');

/** What comes back from a server that echoes. */
exports.echo = async function echo(message, io) {
  const { key, cert } = utils.selfSigned();
  const server = new QUICServer({ config: { key, cert }, io });
  await server.start({ host: '127.0.0.1' });
  void echoAll(server);
  const client = await QUICClient.createQUICClient({
    host: '127.0.0.1',
    port: server.port,
    config: { ca: cert },
  });
  const { readable, writable } = client.connection.newStream();
  const writer = writable.getWriter();
  await writer.write(Buffer.from(message));
  await writer.close();
  let received = '';
  for await (const chunk of readable) received += Buffer.from(chunk).toString();
  await client.destroy();
  await server.stop({ force: true });
  return received;
};

async function echoAll(server) {
  for await (const { readable, writable } of server.incomingStreams) {
    readable.pipeTo(writable).catch(() => {});
  }
}
