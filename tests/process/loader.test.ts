// What the loader says, for each way in which the native library can be of no use.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type errors, native, setNativeLibrary } from '@matrixai/quic';
import { makeFolder } from '../helpers/folders.js';
import { output, root, script } from '../helpers/packages.js';

const { platforms, thisPlatform } = await script('lib/platforms.js');
const skip = platforms[thisPlatform]
  ? false
  : `there is no package for ${thisPlatform}`;
const name = '@matrixai/quic';
const addon = path.join(root, 'build', 'Release', 'quic.node');
const { version } = JSON.parse(
  await readFile(path.join(root, 'package.json'), 'utf8'),
);

/** A project that has the library without anything that was built for it. */
interface Project {
  folder: string;
  /** The file of the platform's package, which is there only after `install`. */
  file: string;
  install(content: string | Buffer): Promise<void>;
}

async function makeProject(t: TestContext): Promise<Project> {
  const folder = await makeFolder(t);
  const modules = path.join(folder, 'node_modules');
  const library = path.join(modules, name);
  await mkdir(library, { recursive: true });
  // Those that dist/quic.js does not hold, with theirs
  const dependencies = [
    ...['async-cancellable', 'async-init', 'errors', 'events', 'timer'].map(
      (name) => `@matrixai/${name}`,
    ),
    'ts-custom-error',
  ];
  for (const dependency of dependencies) {
    await symlink(
      path.join(root, 'node_modules', dependency),
      path.join(modules, dependency),
      'junction',
    );
  }
  for (const part of ['dist', 'package.json']) {
    await cp(path.join(root, part), path.join(library, part), {
      recursive: true,
    });
  }
  const ofPlatform = path.join(modules, `${name}-${thisPlatform}`);
  const file = path.join(ofPlatform, 'quic.node');
  return {
    folder,
    file,
    async install(content) {
      await mkdir(ofPlatform, { recursive: true });
      await cp(
        path.join(root, 'packages', thisPlatform, 'package.json'),
        path.join(ofPlatform, 'package.json'),
      );
      await writeFile(file, content);
    },
  };
}

interface Outcome {
  name?: string;
  code?: string;
  message: string;
  data: errors.NativeLibraryData;
}

/** The error of the first use of the library; without one its message is empty. */
async function use(
  { folder }: Project,
  {
    nodeArgs = [],
    env = {},
    chosen,
  }: {
    nodeArgs?: Array<string>;
    env?: NodeJS.ProcessEnv;
    chosen?: string;
  } = {},
): Promise<Outcome> {
  const code = `
    import { native, setNativeLibrary } from '${name}';
    const chosen = ${JSON.stringify(chosen)};
    try {
      if (chosen !== undefined) setNativeLibrary(chosen);
      native.debugStats();
      console.log('{ "message": "" }');
    } catch ({ name, code, message, data }) {
      console.log(JSON.stringify({ name, code, message, data }));
    }`;
  const script = path.join(folder, 'use.mjs');
  await writeFile(script, code);
  return JSON.parse(
    await output(process.execPath, [...nodeArgs, script], {
      cwd: folder,
      env: { ...process.env, NODE_NO_WARNINGS: '1', ...env },
    }),
  );
}

/** The local build, said to be for another processor. */
async function forOtherProcessor(): Promise<Buffer> {
  const content = await readFile(addon);
  // EM_X86_64 and EM_AARCH64
  content.writeUInt16LE(thisPlatform.endsWith('arm64') ? 62 : 183, 18);
  return content;
}

/** The local build, said to need a glibc of the future by the name of the version alone. */
async function forNewerGlibc(): Promise<Buffer> {
  const content = await readFile(addon);
  const wanted = /GLIBC_2\.(\d+)/.exec(content.toString('latin1'))![0];
  // The hash by which the loader compares names goes along
  const future = `GLIBC_9.${'9'.repeat(wanted.length - 'GLIBC_9.'.length)}`;
  const replaced = Buffer.from(
    content.toString('latin1').replaceAll(wanted, future),
    'latin1',
  );
  const from = Buffer.alloc(4);
  from.writeUInt32LE(elfHash(wanted));
  const to = Buffer.alloc(4);
  to.writeUInt32LE(elfHash(future));
  for (let at = replaced.indexOf(from); at >= 0; ) {
    to.copy(replaced, at);
    at = replaced.indexOf(from, at + 4);
  }
  return replaced;
}

function elfHash(name: string): number {
  let hash = 0;
  for (const byte of Buffer.from(name)) {
    hash = ((hash << 4) + byte) >>> 0;
    const high = hash & 0xf0000000;
    hash = (hash ^ (high >>> 24)) & ~high;
  }
  return hash >>> 0;
}

const permission = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';

interface Row {
  case: string;
  /** What the package of the platform holds, if it is there. */
  content?: () => Promise<string | Buffer>;
  /** Its package.json, in place of the real one. */
  manifest?: object;
  nodeArgs?: Array<string>;
  fault: errors.NativeLibraryData['failures'][number]['fault'];
  /** Must all be in the message; FILE is the path of the file. */
  says: Array<string>;
  /** Must not be. */
  saysNot?: Array<string>;
  only?: NodeJS.Platform;
}

const again = `npm install ${name}@${version}`;
const rows: Array<Row> = [
  {
    case: 'a package that is missing',
    fault: 'missing',
    says: [
      ...[thisPlatform, `${name}-${thisPlatform}`, '--no-optional'],
      ...['package-lock.json', 'npm install --include=optional'],
      ...['QUIC_NATIVE_LIBRARY', 'setNativeLibrary'],
      ...['npm run prebuilt', `packages/${thisPlatform}`],
    ],
  },
  {
    case: 'a file that is no library',
    content: async () => 'this is no library',
    fault: 'corrupt',
    says: ['FILE is damaged', again],
  },
  {
    case: 'an empty file',
    content: async () => '',
    fault: 'corrupt',
    says: ['FILE is damaged', again],
  },
  {
    case: 'a file that ends early',
    content: async () => (await readFile(addon)).subarray(0, 100_000),
    fault: 'corrupt',
    says: ['FILE is damaged: it ends early', again],
    only: 'linux',
  },
  {
    case: 'a file for another processor',
    content: forOtherProcessor,
    fault: 'platform',
    says: ['FILE is for linux-', `This process is for ${thisPlatform}`],
    saysNot: [again],
    only: 'linux',
  },
  {
    case: 'a file for a newer glibc',
    content: forNewerGlibc,
    fault: 'libc',
    says: ['FILE needs glibc 9.', 'This system has glibc', 'npm run build'],
    saysNot: [again],
    only: 'linux',
  },
  {
    case: 'a file of another version',
    content: async () =>
      Buffer.from(
        (await readFile(addon))
          .toString('latin1')
          .replaceAll(version, version.replaceAll(/\d/g, '9')),
        'latin1',
      ),
    fault: 'version',
    says: [
      `FILE is of version ${version.replaceAll(/\d/g, '9')} and must be of version ${version}`,
      again,
    ],
  },
  {
    case: 'a package of version 2',
    content: async () => 'nobody looks at it',
    manifest: { name: `${name}-${thisPlatform}`, version: '2.0.9' },
    fault: 'version',
    says: [`FILE is of version 2.0.9 and must be of version ${version}`, again],
  },
  {
    case: 'Node.js with --no-addons',
    content: () => readFile(addon),
    nodeArgs: ['--no-addons'],
    fault: 'disabled',
    says: ['without --no-addons'],
    saysNot: [again, '--allow-addons'],
  },
  {
    case: 'Node.js with --permission and no --allow-addons',
    content: () => readFile(addon),
    nodeArgs: [permission, '--allow-fs-read=*'],
    fault: 'disabled',
    says: [
      process.allowedNodeEnvironmentFlags.has('--allow-net')
        ? '--allow-addons --allow-net'
        : '--allow-addons',
    ],
    saysNot: [again],
  },
];

describe('the loader tells of', { skip }, () => {
  for (const row of rows) {
    const skip =
      row.only !== undefined &&
      row.only !== process.platform &&
      `it is about ${row.only}`;
    test(row.case, { skip }, async (t) => {
      const project = await makeProject(t);
      if (row.content) await project.install(await row.content());
      if (row.manifest) {
        await writeFile(
          path.join(path.dirname(project.file), 'package.json'),
          JSON.stringify({ main: 'quic.node', ...row.manifest }),
        );
      }
      const { message, data, ...error } = await use(project, row);
      assert.equal(error.name, 'ErrorQUICNativeLibrary', message);
      assert.equal(error.code, 'ERR_QUIC_NATIVE_LIBRARY');
      const [{ fault, found }] = data.failures;
      assert.equal(fault, row.fault, message);
      assert.equal(found, row.content !== undefined);
      assert.equal(data.package, `${name}-${thisPlatform}`);
      assert.equal(data.version, version);
      for (const part of row.says) {
        const wanted = part.replace('FILE', project.file);
        assert.ok(message.includes(wanted), `${wanted} in ${message}`);
      }
      for (const part of row.saysNot ?? []) {
        assert.ok(!message.includes(part), `no ${part} in ${message}`);
      }
    });
  }
});

test('with --permission and --allow-addons the library loads', {
  skip,
}, async (t) => {
  const project = await makeProject(t);
  await project.install(await readFile(addon));
  const nodeArgs = [permission, '--allow-addons', '--allow-fs-read=*'];
  assert.equal((await use(project, { nodeArgs })).message, '');
});

describe('the file of the native library', () => {
  test('is the one that setNativeLibrary names', async (t) => {
    const project = await makeProject(t);
    assert.equal((await use(project, { chosen: addon })).message, '');
    await cp(addon, path.join(project.folder, 'here.node'));
    const relative = await use(project, { chosen: 'here.node' });
    assert.equal(relative.message, '');
  });

  test('is the one that QUIC_NATIVE_LIBRARY names', async (t) => {
    const project = await makeProject(t);
    const env = { QUIC_NATIVE_LIBRARY: addon };
    assert.equal((await use(project, { env })).message, '');
    // The function goes before it
    const chosen = path.join(project.folder, 'nowhere.node');
    const { data, message } = await use(project, { env, chosen });
    assert.equal(data.failures.length, 1);
    assert.equal(data.failures[0].fault, 'missing');
    assert.ok(message.includes(`${chosen}: there is no such file`), message);
    assert.ok(message.includes('QUIC_NATIVE_LIBRARY'), message);
  });

  test('cannot be named when it is loaded, or as what it is not', () => {
    native.debugStats();
    assert.throws(() => setNativeLibrary(addon), {
      name: 'ErrorQUICNativeLibrary',
      message: /loaded already/,
    });
    for (const wrong of ['', 'quic.so', undefined, 1, {}]) {
      assert.throws(() => setNativeLibrary(wrong as string), {
        name: 'ErrorQUICOptionInvalid',
        message: /^file: expected the path of a file that ends in \.node, got/,
      });
    }
  });

  test('is taken from build/Release in a clone alone', async (t) => {
    const project = await makeProject(t);
    const library = path.join(project.folder, 'node_modules', name);
    const release = path.join(library, 'build', 'Release');
    await mkdir(release, { recursive: true });
    await cp(addon, path.join(release, 'quic.node'));
    const { data } = await use(project);
    assert.equal(data.failures.length, 1);
    await cp(path.join(root, 'binding.gyp'), path.join(library, 'binding.gyp'));
    assert.equal((await use(project)).message, '');
    await rm(release, { recursive: true });
    assert.ok(!existsSync(release));
  });
});

test('the loader names what stands in the way on musl, and where there is no package', async () => {
  const { explain } = (await import(
    '#internal/engine/explain.js'
  )) as unknown as { explain(data: errors.NativeLibraryData): string };
  const data: errors.NativeLibraryData = {
    platform: 'linux',
    arch: 'x64',
    libc: 'musl',
    package: `${name}-linux-x64`,
    version: '3.0.0',
    failures: [
      { tried: 'x', found: false, fault: 'missing', reason: 'is missing' },
    ],
  };
  assert.match(explain(data), /musl.*golang\/go\/issues\/54805/s);
  const sunos = { ...data, platform: 'sunos', libc: 'unknown' };
  assert.match(explain(sunos), /no package for this platform.*npm run build/s);
  const listed = Object.keys(platforms).join(', ');
  assert.ok(explain(sunos).includes(`only for ${listed}.`));
});

test('the loader knows the platforms that have packages', async () => {
  const source = await readFile(
    path.join(root, 'src', 'ts', 'internal', 'engine', 'addons.ts'),
    'utf8',
  );
  const required = source.matchAll(/require\('@matrixai\/quic-([\w-]+)'\)/g);
  assert.deepEqual(
    [...required].map(([, name]) => name),
    Object.keys(platforms),
  );
});
