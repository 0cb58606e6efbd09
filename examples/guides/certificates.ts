// Certificates: an authority for development, rotation without a restart, and peers that are known
// by their key.
import { X509Certificate } from 'node:crypto';
import { native, QUICClient, QUICServer, utils } from '@matrixai/quic';

// 1. An authority of one's own. Keep its key and cert, and make it again with createAuthority({
//   key, cert }).
const authority = utils.createAuthority({ name: 'Our test authority' });
const server = new QUICServer({ config: authority.issue({ days: 7 }) });
await server.start({ host: '127.0.0.1' });
const options = { host: '127.0.0.1', port: server.port };
const config = { ca: authority.cert };
const serialOf = (client: QUICClient) =>
  client.connection.peerCertificate!.serialNumber;

// 2. Rotation: new connections get the new certificate, those that exist go on
const before = await QUICClient.createQUICClient({ ...options, config });
server.updateConfig(authority.issue({ days: 7 }));
const after = await QUICClient.createQUICClient({ ...options, config });
console.log('rotated:', serialOf(before) !== serialOf(after));
console.log('the old connection is open:', !before.connection.closed);
await Promise.all([before.destroy(), after.destroy()]);
await server.stop();

// 3. Peers without an authority: each is known by the public key of a certificate that it signed
//   itself
const { CryptoError } = native;
const keyOf = (der: Uint8Array) =>
  new X509Certificate(der).publicKey
    .export({ type: 'spki', format: 'der' })
    .toString('base64');
const [alice, bob, eve] = ['alice', 'bob', 'eve'].map((name) =>
  utils.selfSigned({ hosts: [name], algorithm: 'Ed25519' }),
);
const known = (...certs: Array<string>) => {
  const keys = new Set(certs.map((cert) => keyOf(utils.pemToDER(cert))));
  return {
    verifyPeer: true,
    verifyCallback: async ([leaf]: Array<Uint8Array>) =>
      keys.has(keyOf(leaf)) ? undefined : CryptoError.BadCertificate,
  };
};
const peer = new QUICServer({ config: { ...alice, ...known(bob.cert) } });
await peer.start({ host: '127.0.0.1' });
for (const [name, own] of Object.entries({ bob, eve })) {
  const client = await QUICClient.createQUICClient({
    host: '127.0.0.1',
    port: peer.port,
    config: { ...own, ...known(alice.cert) },
  });
  // A server that refuses a client says so after the handshake of the client
  const stream = client.connection.newStream();
  const refused = await Promise.race([
    client.closedP.then(() => true),
    stream.opened.then(
      () => new Promise((resolve) => setTimeout(resolve, 200, false)),
    ),
  ]);
  console.log(name, refused ? 'is refused' : 'is let in');
  await client.destroy();
}
await peer.stop();
