// A chat: one stream for each client, whose lines the server passes on to all others.
import { createInterface } from 'node:readline';
import {
  errors,
  QUICClient,
  QUICServer,
  type QUICStream,
  utils,
} from '@matrixai/quic';

const authority = utils.createAuthority();
const server = new QUICServer({ config: authority.issue() });
await server.start({ host: '127.0.0.1' });

const members = new Map<QUICStream, (line: string) => void>();

async function serve(stream: QUICStream): Promise<void> {
  const duplex = stream.toDuplex();
  duplex.on('error', (e) => console.error('lost a member:', e.message));
  members.set(stream, (line) => duplex.write(`${line}\n`));
  try {
    // Closes when the member has gone, whatever the reason
    for await (const line of createInterface(duplex)) {
      for (const [other, write] of members) if (other !== stream) write(line);
    }
  } finally {
    members.delete(stream);
    duplex.end();
  }
}

void (async () => {
  for await (const stream of server.incomingStreams) {
    serve(stream).catch((e) => {
      if (!errors.isOrderly(e)) console.error(e);
    });
  }
})();

async function join(name: string) {
  const client = await QUICClient.createQUICClient({
    host: '127.0.0.1',
    port: server.port,
    config: { ca: authority.cert },
  });
  const duplex = client.connection.newStream().toDuplex();
  duplex.write(`${name} has joined\n`);
  return {
    say: (text: string) => duplex.write(`${name}: ${text}\n`),
    lines: createInterface(duplex)[Symbol.asyncIterator](),
    leave: () => client.destroy(),
  };
}

const alice = await join('Alice');
const bob = await join('Bob');
console.log((await alice.lines.next()).value); // Bob has joined
bob.say('hello');
console.log((await alice.lines.next()).value); // Bob: hello
alice.say('hello, Bob');
console.log((await bob.lines.next()).value); // Alice: hello, Bob
await Promise.all([alice.leave(), bob.leave()]);
await server.stop();
