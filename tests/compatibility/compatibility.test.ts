import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as quic from '@matrixai/quic';
import * as v2 from '@matrixai/quic-v2';
import { forEachIO, type IO } from '../helpers/io.js';
import { credentials } from '../helpers/pair.js';
import { members, type Verdict } from './members.js';

const timeout = 60_000;
const run = promisify(execFile);

/** Every member by its whole name, such as `QUICSocket#send`. */
const verdicts = new Map<string, Verdict>(
  Object.entries(members).flatMap(([name, keys]) =>
    Object.entries(keys).map(([key, verdict]): [string, Verdict] => [
      name.replace('*', key),
      verdict,
    ]),
  ),
);

/** The rows of the tables in the documentation: member, verdict, note. */
async function documented(): Promise<Array<[string, string, string]>> {
  const file = new URL('../../../docs/compatibility.md', import.meta.url);
  const rows = (await readFile(file, 'utf8')).matchAll(
    /^\| `([^`]+)` +\| (\w+) +\| (.*?) *\|$/gm,
  );
  return [...rows].map(([, name, verdict, note]) => [name, verdict, note]);
}

type Exports = { [name: string]: unknown };
const here: Exports = { ...quic };
const there: Exports = { ...v2 };

test('everything that version 2 exports is there, unless it is documented as absent', () => {
  for (const [name, exported] of Object.entries(there)) {
    assert.equal(typeof here[name], typeof exported, name);
    if (typeof exported !== 'object') continue;
    for (const member of Object.keys(exported as Exports)) {
      assert.ok(
        member in (here[name] as Exports) ||
          verdicts.get(`${name}.${member}`) === 'absent',
        `${name}.${member}`,
      );
    }
  }
});

test('codes and constants have the values of version 2', () => {
  const constants: Exports = { ...quic.native };
  const { quiche, ConnectionErrorCode, CryptoError } = v2.native;
  for (const [name, value] of Object.entries(quiche)) {
    if (typeof value === 'number') assert.equal(constants[name], value, name);
  }
  for (const codes of Object.entries({ ConnectionErrorCode, CryptoError })) {
    const [name, theirs] = codes;
    const ours = constants[name] as Exports;
    for (const code of Object.keys(theirs)) {
      assert.equal(ours[code], theirs[code as keyof typeof theirs], code);
    }
  }
});

test('the tables of the documentation have every member with its verdict, and a reason unless it is the same', async () => {
  const rows = await documented();
  assert.deepEqual(
    new Map(rows.map(([name, verdict]) => [name, verdict])),
    verdicts,
  );
  for (const [name, verdict, note] of rows) {
    assert.ok(verdict === 'same' || note !== '', name);
  }
});

test('the application that compiles against this version is one of version 2', {
  timeout,
}, async () => {
  const [tsc, project] = [
    '../../../node_modules/typescript/bin/tsc',
    '../../compatibility/tsconfig.v2.json',
  ].map((file) => fileURLToPath(new URL(file, import.meta.url)));
  await run(process.execPath, [tsc, '-p', project]);
});

/** What the application prints over an I/O mode, and what it prints with version 2. */
function application(io: IO, ...preload: Array<string>) {
  return run(process.execPath, [
    ...preload,
    script('application'),
    credentials.key,
    credentials.cert,
    io,
  ]);
}

function script(name: string): string {
  return fileURLToPath(new URL(`${name}.js`, import.meta.url));
}

forEachIO((io) => {
  test('an application of version 2 prints the same with this version', {
    timeout,
  }, async () => {
    const [printed, expected] = await Promise.all([
      application(io),
      application(io, '--import', script('version2')),
    ]);
    assert.equal(printed.stdout, expected.stdout);
    assert.equal(printed.stderr, '');
  });
});
