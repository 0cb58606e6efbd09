import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { createCA, createOddCAs, issue } from '../helpers/certs.js';
import { runFixtureWith, type Surroundings } from '../helpers/child.js';
import { makeFolder } from '../helpers/folders.js';
import { forEachIO, type IO } from '../helpers/io.js';

const timeout = 30_000;

const ca = await createCA('ECDSA', 'Trusted CA');
const { key, cert } = await issue(ca, 'ECDSA');
const otherCA = await createCA('ECDSA', 'Other CA');
const [oddCA] = Object.values(await createOddCAs());

// Of this process they must not count
const unset = {
  NODE_EXTRA_CA_CERTS: undefined,
  NODE_OPTIONS: undefined,
  NODE_USE_SYSTEM_CA: undefined,
  SSL_CERT_FILE: undefined,
  SSL_CERT_DIR: undefined,
};
const nothing = { SSL_CERT_FILE: '/none', SSL_CERT_DIR: '/none' };
// Windows and macOS have no files of authorities
const hasFiles = !['win32', 'darwin'].includes(process.platform);
const skip = !hasFiles && 'the system keeps its authorities elsewhere';

// As images of node:slim have none
const withoutStore = [
  'unshare',
  '--mount',
  '--map-root-user',
  'sh',
  '-c',
  'for d in /etc/ssl /etc/pki; do [ ! -d $d ] || mount -t tmpfs none $d || exit; done; exec "$@"',
  'sh',
];
const cannotHide =
  spawnSync(withoutStore[0], [...withoutStore.slice(1), 'true']).status !== 0 &&
  'needs unshare and the right to use it';

const connected = 'connected';
const unknown = /TLS code 304 \(UnknownCA\): (?!no certificate authority)/;
const none =
  /TLS code 304 \(UnknownCA\): no certificate authority was found .*config\.ca .*NODE_EXTRA_CA_CERTS/;

/** Files of certificates, and of the key and certificate of both ends. */
async function makeFiles(t: TestContext) {
  const directory = await makeFolder(t);
  const write = async (name: string, content: string) => {
    const file = path.join(directory, name);
    await writeFile(file, content);
    return file;
  };
  return {
    key: await write('key.pem', key),
    cert: await write('cert.pem', cert),
    ca: await write('ca.pem', ca.cert),
    otherCA: await write('other.pem', otherCA.cert),
    mixed: await write('mixed.pem', `${oddCA}\n${ca.cert}`),
    odd: await write('odd.pem', oddCA),
    empty: await write('empty.pem', ''),
  };
}

type Files = Awaited<ReturnType<typeof makeFiles>>;

/** What a server and a client come to, and what is logged. */
async function outcome(
  t: TestContext,
  io: IO,
  files: Files,
  { env, ...rest }: Surroundings,
) {
  const { exit } = runFixtureWith(
    t,
    { env: { ...unset, ...env }, ...rest },
    'trusting',
    io,
    files.key,
    files.cert,
  );
  const { code, stdout, stderr } = await exit;
  assert.equal(code, 0, stderr);
  const [client, server] = stdout.trim().split('\n');
  return { client, server, warnings: stderr };
}

async function assertOutcome(
  t: TestContext,
  io: IO,
  files: Files,
  surroundings: Surroundings,
  expected: typeof connected | RegExp,
): Promise<string> {
  const { client, server, warnings } = await outcome(
    t,
    io,
    files,
    surroundings,
  );
  if (expected === connected) {
    assert.deepEqual([client, server], [connected, connected], warnings);
  } else {
    assert.match(client, expected);
  }
  return warnings;
}

forEachIO((io) => {
  test('the authorities of NODE_EXTRA_CA_CERTS are trusted besides others', {
    timeout,
    skip,
  }, async (t) => {
    const files = await makeFiles(t);
    const extra = { NODE_EXTRA_CA_CERTS: files.ca };
    for (const env of [
      extra,
      { ...extra, SSL_CERT_FILE: files.otherCA },
      { ...extra, ...nothing },
      {
        ...nothing,
        SSL_CERT_FILE: files.ca,
        NODE_EXTRA_CA_CERTS: files.otherCA,
      },
    ]) {
      for (const flags of [[], ['--use-openssl-ca']]) {
        const warnings = await assertOutcome(
          t,
          io,
          files,
          { env, flags },
          connected,
        );
        assert.equal(warnings, '');
      }
    }
    const env = { NODE_EXTRA_CA_CERTS: files.otherCA };
    await assertOutcome(t, io, files, { env }, unknown);
  });

  test('what is of no use in NODE_EXTRA_CA_CERTS is a warning', {
    timeout,
    skip,
  }, async (t) => {
    const files = await makeFiles(t);
    for (const [file, expected, warning] of [
      [files.mixed, connected, /skipped certificate 0.*CN=Negative, O=Odd/],
      [files.odd, none, /NODE_EXTRA_CA_CERTS is ignored.*negative serial/],
      [files.empty, none, /NODE_EXTRA_CA_CERTS is ignored/],
      ['/none.pem', none, /NODE_EXTRA_CA_CERTS is ignored/],
    ] as const) {
      const env = { ...nothing, NODE_EXTRA_CA_CERTS: file };
      const warnings = await assertOutcome(t, io, files, { env }, expected);
      assert.match(warnings, warning);
      assert.equal(
        warnings.match(/^WARN:child:NODE_EXTRA_CA_CERTS/gm)?.length,
        1,
        warnings,
      );
    }
  });

  test('SSL_CERT_FILE and SSL_CERT_DIR say where the system has its authorities', {
    timeout,
    skip,
  }, async (t) => {
    const files = await makeFiles(t);
    for (const flags of [[], ['--use-openssl-ca']]) {
      for (const [env, expected] of [
        [{ SSL_CERT_FILE: files.ca }, connected],
        [{ ...nothing, SSL_CERT_FILE: files.ca }, connected],
        [{ ...nothing, SSL_CERT_DIR: path.dirname(files.ca) }, connected],
        [{ ...nothing, SSL_CERT_FILE: files.otherCA }, unknown],
        [nothing, none],
      ] as const) {
        await assertOutcome(t, io, files, { env, flags }, expected);
      }
    }
  });

  test('the system is trusted by default and with --use-system-ca, and not with --use-bundled-ca', {
    timeout,
    skip,
  }, async (t) => {
    const files = await makeFiles(t);
    const env = { ...nothing, SSL_CERT_FILE: files.ca };
    const isKnown = process.allowedNodeEnvironmentFlags.has('--use-system-ca');
    for (const [surroundings, expected] of [
      [{ flags: ['--use-bundled-ca'] }, unknown],
      [{ env: { NODE_OPTIONS: '--use-bundled-ca' } }, unknown],
      [{ flags: ['--use_bundled_ca'] }, unknown],
      [{ env: { NODE_USE_SYSTEM_CA: '1' } }, connected],
      ...(isKnown
        ? ([
            [{ flags: ['--use-system-ca'] }, connected],
            [{ env: { NODE_OPTIONS: '--use-system-ca' } }, connected],
            // There are those of Node.js then
            [{ flags: ['--use-system-ca'], env: { ...nothing } }, unknown],
          ] as const)
        : []),
    ] as ReadonlyArray<readonly [Surroundings, RegExp | typeof connected]>) {
      await assertOutcome(
        t,
        io,
        files,
        { ...surroundings, env: { ...env, ...surroundings.env } },
        expected,
      );
    }
  });

  test('where the system has no authorities there are those of Node.js, unless they are not wanted', {
    timeout,
    skip: skip || cannotHide,
  }, async (t) => {
    const files = await makeFiles(t);
    const within = withoutStore;
    for (const [surroundings, expected] of [
      [{}, unknown],
      [{ env: { NODE_EXTRA_CA_CERTS: files.ca } }, connected],
      [{ env: { SSL_CERT_FILE: files.ca } }, connected],
      [{ flags: ['--use-openssl-ca'] }, none],
      [{ flags: ['--use-bundled-ca'] }, unknown],
    ] as const) {
      await assertOutcome(t, io, files, { ...surroundings, within }, expected);
    }
  });
});
