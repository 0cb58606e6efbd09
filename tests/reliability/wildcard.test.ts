// Servers that are bound to a wildcard, and reached by another address than the system would
// choose.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { QUICServer } from '@matrixai/quic';
import { initial } from '../helpers/initial.js';
import { credentials } from '../helpers/pair.js';
import { plainSocket } from '../helpers/plain.js';

const alias = '127.0.0.2';

const versionNegotiation = initial();
versionNegotiation.writeUInt32BE(0x1a2a3a4a, 1);

const stateless = Buffer.from(randomBytes(69));
stateless[0] = 0x40 | (stateless[0] & 0x3f);

// What Node.js reads says nothing of where it was sent to, so that over dgram the system chooses
for (const host of ['0.0.0.0', '::']) {
  for (const [name, retry, packet] of [
    ['a handshake', 'never', initial()],
    ['a Retry', 'always', initial()],
    ['a Version Negotiation packet', 'never', versionNegotiation],
    ['a stateless reset', 'never', stateless],
  ] as const) {
    test(`a native server on ${host} sends ${name} from the address that it was reached by`, {
      timeout: 20_000,
      // Others have one loopback address
      skip: process.platform !== 'linux' && 'Linux has 127.0.0.2',
    }, async (t) => {
      const config = credentials;
      const server = new QUICServer({ config, io: 'native', retry });
      t.after(() => server.stop({ force: true }));
      await server.start({ host });
      const client = await plainSocket(t);
      client.send(packet, server.port, alias);
      const [, from] = await once(client, 'message');
      assert.deepEqual([from.address, from.port], [alias, server.port]);
    });
  }
}
