// Calls with mutual TLS and deadlines: a stream for each call, with JSON both ways. Who calls is in
// the certificate.
import { json, text } from 'node:stream/consumers';
import {
  errors,
  QUICClient,
  QUICServer,
  type QUICStream,
  utils,
} from '@matrixai/quic';

const authority = utils.createAuthority();
const ca = authority.cert;

// Code 1 stands for a deadline that is over, at both ends
const codes = {
  reasonToCode: (_: 'read' | 'write', reason: unknown) =>
    (reason as Error | undefined)?.name === 'TimeoutError' ? 1 : 0,
  codeToReason: (_: 'read' | 'write', code: number) =>
    new Error(code === 1 ? 'the caller has given up' : `code ${code}`),
};

const server = new QUICServer({
  config: { ...authority.issue(), ca, verifyPeer: true },
  ...codes,
});
await server.start({ host: '127.0.0.1' });

const methods: Record<string, (caller: string, x: any) => unknown> = {
  greet: (caller) => `Hello, ${caller}`,
  add: (_, [a, b]: [number, number]) => a + b,
  sleep: () => new Promise(() => {}),
};

async function serve(stream: QUICStream): Promise<void> {
  const { method, params } = (await json(stream.readable)) as any;
  const caller = stream.connection.peerCertificate!.subject.replace('CN=', '');
  // A stream that the caller stops ends the call
  const gone = new Promise<never>((_, reject) =>
    stream.addEventListener('EventQUICStreamError', (e) => reject(e.detail)),
  );
  const answer = await Promise.race([methods[method]?.(caller, params), gone]);
  const writer = stream.writable.getWriter();
  await writer.write(Buffer.from(JSON.stringify(answer ?? null)));
  await writer.close();
}

void (async () => {
  for await (const stream of server.incomingStreams) {
    serve(stream).catch((e) => {
      if (!errors.isOrderly(e)) console.log('server:', e.message);
    });
  }
})();

const client = await QUICClient.createQUICClient({
  host: '127.0.0.1',
  port: server.port,
  config: { ...authority.issue({ hosts: ['alice'], client: true }), ca },
  ...codes,
});

async function call(method: string, params: unknown, deadline = 5_000) {
  const { readable, writable } = client.connection.newStream('bidi', {
    signal: AbortSignal.timeout(deadline),
  });
  const writer = writable.getWriter();
  await writer.write(Buffer.from(JSON.stringify({ method, params })));
  await writer.close();
  return JSON.parse(await text(readable));
}

console.log(await call('greet', null)); // Hello, alice
console.log(await Promise.all([call('add', [1, 2]), call('add', [3, 4])]));
await call('sleep', null, 100).catch((e) => console.log('client:', e.name));
await client.destroy();
await server.stop();
