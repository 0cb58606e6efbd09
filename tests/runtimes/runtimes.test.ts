// The library, installed as users install it, in every runtime that loads it.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { cleanups } from '../helpers/folders.js';
import {
  installProject,
  installTools,
  prebuild,
  script,
  smoke,
} from '../helpers/packages.js';

const { thisPlatform } = await script('lib/platforms.js');
const skip =
  thisPlatform === 'linux-x64'
    ? false
    : 'package.json names those of Linux x64';

const runtimes: Record<string, (tools: string) => Array<string>> = {
  'Node.js 20': node('node-20'),
  'Node.js 22': node('node-22'),
  'Node.js 24': node('node-24'),
  'Node.js 26': node('node-26'),
  Bun: (tools) => [path.join(tools, '@oven/bun-linux-x64/bin/bun')],
  Deno: (tools) => [
    path.join(tools, '@deno/linux-x64-glibc/deno'),
    ...['run', '--allow-all'],
  ],
};

function node(name: string) {
  return (tools: string) => [path.join(tools, name, 'bin', 'node')];
}

describe('an echo of 1 MiB', { skip }, () => {
  let tools: string;
  let project: string;
  const folders = cleanups();

  before(async () => {
    tools = await installTools('runtimes');
    await prebuild(thisPlatform);
    project = await installProject(folders, thisPlatform);
  });
  after(() => folders.end());

  for (const [name, command] of Object.entries(runtimes)) {
    for (const io of ['dgram', 'native']) {
      test(`in ${name}, ${io}`, async () => {
        assert.equal(await smoke(project, command(tools), io), `${io} ok\n`);
      });
    }
  }
});
