// A peer on Deno's own QUIC. See ../../protocol.md for what it does.
const [role, ...rest] = Deno.args;
const actions = [];
const options = {};
const names =
  /^--(host|port|cert|key|ca|idle|keepalive|window|streams|cid|mtu|reset-key)$/;
while (rest.length > 0) {
  const word = rest.shift();
  if (names.test(word)) options[word.slice(2)] = rest.shift();
  else if (word.startsWith('--')) options[word.slice(2)] = true;
  else actions.push(word);
}

function say(line) {
  console.log(JSON.stringify(line));
}

const missing = [
  ...['window', 'cid', 'mtu', 'retry', 'chacha20', 'v2', 'negotiate'],
  ...['nospare', role === 'server' && 'reset-key'],
];
for (const name of missing) {
  if (!options[name]) continue;
  say({ unsupported: `--${name}` });
  Deno.exit(127);
}

const hostname = options.host ?? '127.0.0.1';
const alpnProtocols = ['interop'];
const transport = {
  maxIdleTimeout: Number(options.idle ?? 30_000),
  ...(options.keepalive && { keepAliveInterval: Number(options.keepalive) }),
  ...(options.streams && {
    maxConcurrentBidirectionalStreams: Number(options.streams),
    maxConcurrentUnidirectionalStreams: Number(options.streams),
  }),
};

const encode = (text) => new TextEncoder().encode(text);

function pattern(size) {
  return Uint8Array.from({ length: size }, (_, i) => i & 0xff);
}

function equal(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

async function readAll(readable) {
  return new Uint8Array(await new Response(readable).arrayBuffer());
}

async function writeAll(writable, data) {
  const writer = writable.getWriter();
  await writer.write(data);
  await writer.close();
}

async function answer(conn, { readable, writable }) {
  const chunks = [];
  let text = '';
  const reader = readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    text ||= new TextDecoder().decode(value.subarray(0, 200));
    if (text.startsWith('STOP ')) return;
  }
  const [command, first, ...words] = text.split(' ');
  let data = new Uint8Array(await new Blob(chunks).arrayBuffer());
  if (command === 'CLOSE') {
    conn.close({ closeCode: Number(first), reason: words.join(' ') });
    return;
  }
  if (command === 'GET') data = pattern(Number(first));
  await writeAll(writable, data);
}

async function serve(conn) {
  (async () => {
    for (;;) await conn.sendDatagram(await conn.readDatagram());
  })().catch(() => {});
  (async () => {
    for await (const readable of conn.incomingUnidirectionalStreams) {
      const data = await readAll(readable);
      await writeAll(await conn.createUnidirectionalStream(), data);
    }
  })().catch(() => {});
  for await (const stream of conn.incomingBidirectionalStreams) {
    answer(conn, stream).catch(() => {});
  }
}

async function runServer() {
  const endpoint = new Deno.QuicEndpoint({
    hostname,
    port: Number(options.port ?? 0),
  });
  const listener = endpoint.listen({
    ...transport,
    alpnProtocols,
    cert: Deno.readTextFileSync(options.cert),
    key: Deno.readTextFileSync(options.key),
  });
  say({ port: endpoint.addr.port });
  for await (const incoming of listener) {
    incoming
      .accept()
      .then(serve)
      .catch(() => {});
  }
}

async function ask(conn, data) {
  const { readable, writable } = await conn.createBidirectionalStream({
    waitUntilAvailable: true,
  });
  const [answer] = await Promise.all([
    readAll(readable),
    writeAll(writable, data),
  ]);
  return answer;
}

async function get(conn, size) {
  return equal(await ask(conn, encode(`GET ${size}`)), pattern(size));
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function act(conn, action) {
  const [what, ...words] = action.split(' ');
  const [first, second] = words.map(Number);
  switch (what) {
    case 'get':
      return { ok: await get(conn, first) };
    case 'send': {
      const data = pattern(first);
      return { ok: equal(await ask(conn, data), data) };
    }
    case 'multiplex': {
      const gets = Array.from({ length: first }, () => get(conn, second));
      return { ok: (await Promise.all(gets)).every((ok) => ok) };
    }
    case 'uni': {
      const data = encode(words.join(' '));
      await writeAll(await conn.createUnidirectionalStream(), data);
      const { value } = await conn.incomingUnidirectionalStreams
        .getReader()
        .read();
      return { ok: equal(await readAll(value), data) };
    }
    case 'datagram': {
      const data = encode(words.join(' '));
      const read = conn.readDatagram();
      for (let i = 0; i < 20; i++) {
        await conn.sendDatagram(data);
        const back = await Promise.race([read, wait(200)]);
        if (back !== undefined) return { ok: equal(back, data) };
      }
      return { ok: false };
    }
    case 'close':
      conn.close({ closeCode: first, reason: words.slice(1).join(' ') });
      await wait(50);
      return { ok: true };
    case 'askclose': {
      ask(conn, encode(`CLOSE ${words.join(' ')}`)).catch(() => {});
      const { closeCode, reason } = await conn.closed;
      return { ok: `${closeCode} ${reason}` === words.join(' ') };
    }
    case 'ended':
      return { ok: true, end: await conn.closed.catch((e) => e.message) };
    case 'wait':
      await wait(first);
      return { ok: true };
    default:
      return { unsupported: what };
  }
}

async function runClient() {
  const conn = await Deno.connectQuic({
    ...transport,
    hostname,
    port: Number(options.port),
    serverName: 'localhost',
    alpnProtocols,
    caCerts: [Deno.readTextFileSync(options.ca)],
  });
  say({ did: 'connect', ok: true });
  for (const action of actions) {
    say({ did: action, ...(await act(conn, action)) });
  }
  conn.close({ closeCode: 0, reason: '' });
  await wait(50);
}

try {
  await (role === 'server' ? runServer() : runClient());
} catch (e) {
  say({ error: e.message });
  Deno.exit(1);
}
Deno.exit(0);
