// What the application does, apart from how it is started.
import { text } from 'node:stream/consumers';
import {
  errors,
  QUICClient,
  type QUICConnection,
  QUICServer,
  type QUICStream,
} from '@matrixai/quic';

/** Starts a server that answers each stream with its text in capitals. */
export async function serve(
  key: string,
  cert: string,
  port = 0, // any that is free
): Promise<QUICServer> {
  const server = new QUICServer({ config: { key, cert } });
  await server.start({ host: '127.0.0.1', port });
  void answerAll(server);
  return server;
}

async function answerAll(server: QUICServer): Promise<void> {
  // Ends when the server is stopped
  for await (const stream of server.incomingStreams) {
    answer(stream).catch((e) => {
      // A connection that was closed on purpose is no fault
      if (!errors.isOrderly(e)) console.error(e);
    });
  }
}

async function answer(stream: QUICStream): Promise<void> {
  const question = await text(stream.readable);
  await send(stream, question.toUpperCase());
}

/** Connects to the server with that certificate, and trusts no other. */
export function connect(port: number, cert: string): Promise<QUICClient> {
  return QUICClient.createQUICClient({
    host: '127.0.0.1',
    port,
    config: { ca: cert },
  });
}

/** Asks on a stream of its own; many may run at the same time. */
export async function ask(
  connection: QUICConnection,
  question: string,
): Promise<string> {
  const stream = connection.newStream();
  await send(stream, question);
  return text(stream.readable);
}

async function send(stream: QUICStream, message: string): Promise<void> {
  const writer = stream.writable.getWriter();
  await writer.write(Buffer.from(message));
  await writer.close();
}
