import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { errors, QUICServer } from '@matrixai/quic';
import { createCA, createOddCAs, issue } from '../helpers/certs.js';
import { forEachIO } from '../helpers/io.js';
import { recordingLogger } from '../helpers/logging.js';
import { connect, credentials, startServer } from '../helpers/pair.js';

const timeout = 20_000;

const ca = await createCA('ECDSA');
const leaf = await issue(ca, 'ECDSA');
const oddCAs = await createOddCAs();
const odd = Object.values(oddCAs);

function warnings(lines: Array<string>): Array<string> {
  return lines.filter((line) => line.startsWith('WARN'));
}

/** Asserts that each of the odd ones was warned of, at its index. */
function assertSkipped(
  lines: Array<string>,
  ...skipped: Array<[index: number, pem: string]>
): void {
  const warned = warnings(lines);
  assert.equal(warned.length, skipped.length, warned.join('\n'));
  for (const [i, [index, pem]] of skipped.entries()) {
    const subject = new X509Certificate(pem).subject.replace('\n', ', ');
    const [why] = Object.entries(oddCAs).find(([, odd]) => odd === pem)!;
    assert.match(warned[i], new RegExp(`config\\.ca.* ${index}.*${why}`));
    assert.ok(warned[i].includes(`(${subject})`), warned[i]);
  }
}

forEachIO((io) => {
  test('authorities that cannot be parsed are skipped with a warning, and the others hold', {
    timeout,
  }, async (t) => {
    for (const [authorities, ...skipped] of [
      [
        [odd[0], ca.cert],
        [0, odd[0]],
      ],
      [
        [ca.cert, odd[1]],
        [1, odd[1]],
      ],
      [
        [odd[2], ca.cert, odd[0]],
        [0, odd[2]],
        [2, odd[0]],
      ],
      // Several in one
      [
        [`${odd.join('\n')}\n${ca.cert}`],
        [0, odd[0]],
        [1, odd[1]],
        [2, odd[2]],
      ],
      [
        [ca.cert, `comment\n${ca.cert}\n${odd[1]}`, odd[2]],
        [2, odd[1]],
        [3, odd[2]],
      ],
    ] as Array<[Array<string>, ...Array<[number, string]>]>) {
      const config = { ...leaf, verifyPeer: true };
      for (const given of [
        authorities,
        authorities.join('\n'),
        authorities.map((pem) => Buffer.from(pem)),
      ]) {
        const ofServer = recordingLogger();
        const ofClient = recordingLogger();
        const server = await startServer(t, io, {
          config: { ...config, ca: given },
          logger: ofServer.logger,
        });
        const client = await connect(t, io, server.port, {
          config: { ...config, ca: given },
          logger: ofClient.logger,
        });
        assertSkipped(ofServer.lines, ...skipped);
        assertSkipped(ofClient.lines, ...skipped);
        // They were verified nonetheless
        await assert.rejects(
          connect(t, io, server.port, { config: { ca: credentials.cert } }),
          errors.ErrorQUICConnectionLocalTLS,
        );
        await client.destroy({ force: true });
        await server.stop({ force: true });
      }
    }
  });

  test('an update skips them, too, and is only refused where no authority is left', {
    timeout,
  }, async (t) => {
    const { logger, lines } = recordingLogger();
    const config = { ...leaf, ca: ca.cert, verifyPeer: true };
    const server = await startServer(t, io, { config, logger });
    server.updateConfig({ ca: [odd[0], ca.cert] });
    assertSkipped(lines, [0, odd[0]]);
    assert.throws(
      () => server.updateConfig({ ca: odd }),
      errors.ErrorQUICConfig,
    );
    assertSkipped(lines, [0, odd[0]]);
    await connect(t, io, server.port, { config });
  });

  test('it is an error if no authority is left', { timeout }, async (t) => {
    const damaged = ca.cert.slice(0, 200);
    const { port } = await startServer(t, io);
    for (const [authorities, why] of [
      ...Object.entries(oddCAs).map(([why, pem]) => [pem, why]),
      [odd, /none of its 3 certificates.*negative serial number/],
      [odd.join('\n'), /none of its 3 certificates.*negative serial number/],
      [damaged, 'damaged PEM'],
      [[damaged, odd[0]], /none of its 2 certificates.*damaged PEM/],
    ] as Array<[string | Array<string>, string | RegExp]>) {
      const { logger, lines } = recordingLogger();
      const isRefusal = (e: unknown) => {
        assert.ok(e instanceof errors.ErrorQUICConfig, `${e}`);
        assert.equal(e.data.option, 'config.ca');
        assert.match(e.message, new RegExp(why));
        return true;
      };
      const config = { ca: authorities, verifyPeer: true };
      assert.throws(
        () =>
          new QUICServer({ config: { ...credentials, ...config }, io, logger }),
        isRefusal,
      );
      await assert.rejects(connect(t, io, port, { config, logger }), isRefusal);
      assert.deepEqual(warnings(lines), []);
    }
  });

  test('one that is damaged or of another kind is skipped, whatever is around it', {
    timeout,
  }, async (t) => {
    const { port } = await startServer(t, io, { config: leaf });
    const trusted = ca.cert.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE');
    for (const [authorities, index] of [
      [[ca.cert, ca.cert.slice(0, 200)], 1],
      [`${ca.cert.slice(0, 200)}\n${ca.cert}`, 0],
      [[ca.cert, ca.cert.replace('MII', '!!!')], 1],
      [`${credentials.key}\n${ca.cert}`, undefined],
      [trusted, undefined],
    ] as const) {
      const { logger, lines } = recordingLogger();
      const config = { ca: authorities as string };
      await connect(t, io, port, { config, logger });
      const warned = warnings(lines);
      assert.equal(warned.length, index === undefined ? 0 : 1);
      if (index === undefined) continue;
      assert.match(warned[0], new RegExp(` ${index}.*subject cannot be read`));
    }
  });
});
