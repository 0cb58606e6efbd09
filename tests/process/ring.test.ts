// Where Node's socket cannot be one that the engine has bound, as in other runtimes and on other
// systems, all that is sent goes through Node. The tests that send most run that way, too.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const timeout = 120_000;
const files = [
  'api/sockets',
  'connections/connections',
  'connections/graceful',
  'connections/migration',
  'connections/punching',
  'datagrams/datagrams',
  'process/process',
  'streams/echo',
  'streams/streams',
];

for (const file of files) {
  test(`${file}, with all that is sent through Node`, {
    skip: process.platform !== 'linux' && 'it is so here in any case',
    timeout,
  }, async () => {
    const elsewhere = new URL('../fixtures/elsewhere.js', import.meta.url);
    const script = new URL(`../${file}.test.js`, import.meta.url);
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', elsewhere.href, fileURLToPath(script)],
      { env: { ...env, TEST_IO: 'dgram' }, maxBuffer: 2 ** 24 },
    );
    assert.match(stdout, /(fail 0|# fail 0)/);
  });
}
