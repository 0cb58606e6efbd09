import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { errors, events, QUICClient, utils } from '@matrixai/quic';
import { once } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { connect, startServer, startSocket } from '../helpers/pair.js';
import { plainSocket } from '../helpers/plain.js';

const timeout = 20_000;

const unicode = 'münchen.example';
const ascii = 'xn--mnchen-3ya.example';
const munich = utils.selfSigned({ hosts: [unicode] });
const other = utils.selfSigned({ hosts: ['köln.example'] });
const loopback = utils.selfSigned({ hosts: ['[::1]'] });

/** An address that is only valid with its zone, if this machine has one. */
function linkLocal(): string | undefined {
  for (const [zone, addresses] of Object.entries(networkInterfaces())) {
    for (const info of addresses ?? []) {
      if (info.family !== 'IPv6' || !info.address.startsWith('fe80:')) continue;
      const isWindows = process.platform === 'win32';
      return `${info.address}%${isWindows ? info.scopeid : zone}`;
    }
  }
  return undefined;
}

forEachIO((io) => {
  test('a name in Unicode is asked for and verified in ASCII, and resolved as it is', {
    timeout,
  }, async (t) => {
    const { port } = await startServer(t, io, {
      config: { key: [other.key, munich.key], cert: [other.cert, munich.cert] },
    });
    const resolved: Array<string> = [];
    const resolveHostname = (name: string) => {
      resolved.push(name);
      return '127.0.0.1';
    };
    const config = { ca: munich.cert };
    for (const name of [unicode, unicode.toUpperCase(), ascii]) {
      await connect(t, io, port, { config, host: name, resolveHostname });
      await connect(t, io, port, { config, serverName: name });
    }
    assert.deepEqual(resolved, [unicode, unicode.toUpperCase(), ascii]);
    await assert.rejects(
      connect(t, io, port, { config, serverName: 'köln.example' }),
      errors.ErrorQUICConnectionLocalTLS,
    );
  });

  test('a name that is none in ASCII is a typed error', {
    timeout,
  }, async (t) => {
    for (const name of ['ü:80', 'xn--ü', 'ü?', 'ü%41.example']) {
      for (const options of [
        { host: name, resolveHostname: () => '127.0.0.1' },
        { serverName: name },
      ]) {
        await assert.rejects(
          connect(t, io, 1000, options),
          errors.ErrorQUICHostInvalid,
          name,
        );
      }
    }
    // It is for the resolver alone where another one is verified
    const { port } = await startServer(t, io, { config: munich });
    await connect(t, io, port, {
      host: 'ü?',
      resolveHostname: () => '127.0.0.1',
      serverName: ascii,
      config: { ca: munich.cert },
    });
  });

  test('IPv6 addresses may be in brackets', { timeout }, async (t) => {
    const server = await startServer(t, io, {
      config: loopback,
      host: '[::1]',
    });
    assert.equal(server.host, '::1');
    const config = { ca: loopback.cert };
    for (const options of [
      { host: '[::1]', localHost: '[::1]' },
      { host: '[0:0:0:0:0:0:0:1]' },
      { host: '[::]' },
      { host: '::1', serverName: '[::1]' },
    ]) {
      const client = await connect(t, io, server.port, { config, ...options });
      assert.equal(client.host, '::1');
    }

    const socket = await startSocket(t, io, { host: '[::1]' });
    assert.equal(socket.host, '::1');
    const sent = once(server.socket, events.EventQUICSocketDatagram);
    await socket.send(new Uint8Array(8), server.port, '[::1]');
    assert.equal((await sent).detail.remoteHost, '::1');
  });

  test('an address may have a zone, which its certificate has not', {
    timeout,
    skip: linkLocal() === undefined && 'no interface has a link-local address',
  }, async (t) => {
    const host = linkLocal()!;
    const credentials = utils.selfSigned({ hosts: [host] });
    const config = { ca: credentials.cert };
    for (const address of [host, `[${host}]`]) {
      const server = await startServer(t, io, {
        config: credentials,
        host: address,
      });
      assert.equal(server.host, host);
      await connect(t, io, server.port, { config, host: address });
      await connect(t, io, server.port, {
        config,
        host: address,
        localHost: address,
        serverName: address,
      });
    }
    const socket = await startSocket(t, io, { host: '::' });
    assert.equal(await socket.send('x', 1000, `[${host}]`), 1);
  });

  test('brackets around anything else, and with a port, are refused', {
    timeout,
  }, async (t) => {
    const socket = await startSocket(t, io);
    const { port } = (await plainSocket(t)).address();
    for (const host of ['[127.0.0.1]', '[localhost]', '[::1]:80', '[]', '[']) {
      for (const call of [
        () => startServer(t, io, { host }),
        () => startSocket(t, io, { host }),
        () => socket.send('x', port, host),
        () => QUICClient.createQUICClient({ host, port, io }),
        () => connect(t, io, port, { localHost: host }),
        () => connect(t, io, port, { serverName: host }),
      ]) {
        await assert.rejects(call, errors.ErrorQUICHostInvalid, host);
      }
    }
  });
});
