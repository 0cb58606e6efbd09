// Builds the native library from scratch for the platforms named as arguments,
// or for this one, and puts it into their packages: `node prebuild.js NAME...`.
// Those with a `zig` in platforms.js are built on any Linux x64, the others on
// a machine of their own; Android's with an NDK in ANDROID_NDK_HOME.
import { copyFileSync, cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { fail, install, isInstalled, root } from './lib/common.js';
import { nodeGypEnvironment } from './lib/native.js';
import { platforms, thisPlatform } from './lib/platforms.js';
import { requireNativeTools, requireNpm } from './lib/tools.js';
import { zigEnvironment } from './lib/zig.js';

const names = process.argv.slice(2);
if (names.length === 0) names.push(thisPlatform);
for (const name of names) {
  if (!Object.hasOwn(platforms, name)) {
    fail(`${name} is no platform: ${Object.keys(platforms).join(', ')}.`);
  }
}
if (!isInstalled(root)) {
  requireNpm();
  install(root);
}
const tools = requireNativeTools();
for (const name of names) await prebuild(name);

async function prebuild(name) {
  const platform = platforms[name];
  const [os, arch] = name.split('-');
  // prebuildify clears build/ and hands its own environment on to node-gyp.
  const stage = makeStage(name);
  Object.assign(
    process.env,
    nodeGypEnvironment({ ...tools, ...compilers(name) }),
    platform.go,
  );
  const { default: prebuildify } = await import('prebuildify');
  await promisify(prebuildify)({
    cwd: stage,
    name: 'quic',
    napi: true,
    platform: os,
    arch,
    targets: [process.versions.node],
  });
  const folder = path.join(root, 'packages', name);
  const licenses = 'THIRD_PARTY_LICENSES';
  copyFileSync(
    path.join(root, 'packages', licenses),
    path.join(folder, licenses),
  );
  const built = path.join(stage, 'prebuilds', name);
  const file = 'quic.node';
  copyFileSync(path.join(built, file), path.join(folder, file));
  console.log(`packages/${name}/${file}`);
}

/** A folder with what binding.gyp names. */
function makeStage(name) {
  const stage = path.join(root, 'build', 'prebuild', name);
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  const sources = ['addon', 'native', 'scripts', 'binding.gyp'];
  for (const source of [...sources, 'go.mod', 'go.sum', 'package.json']) {
    cpSync(path.join(root, source), path.join(stage, source), {
      recursive: true,
    });
  }
  symlinkSync(
    path.join(root, 'node_modules'),
    path.join(stage, 'node_modules'),
    'junction',
  );
  return stage;
}

/** The C and C++ compilers for a platform, as environment variables. */
function compilers(name) {
  const { zig, clang, ndk } = platforms[name];
  if (zig && thisPlatform === 'linux-x64') {
    return zigEnvironment(zig, tools.PYTHON);
  }
  if (clang && process.platform === 'darwin') {
    return { CC: `clang ${clang}`, CXX: `clang++ ${clang}` };
  }
  if (ndk && thisPlatform === 'linux-x64') {
    const home = process.env.ANDROID_NDK_HOME;
    if (!home) fail('Set ANDROID_NDK_HOME to the folder of an Android NDK.');
    const bin = path.join(home, 'toolchains/llvm/prebuilt/linux-x86_64/bin');
    return { CC: `${bin}/${ndk}-clang`, CXX: `${bin}/${ndk}-clang++` };
  }
  if (name === thisPlatform) return {};
  return fail(`${name} cannot be built on ${thisPlatform}.`);
}
