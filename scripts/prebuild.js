// Builds the native library for this machine, from scratch, and puts it into
// the platform package that npm installs for machines like it.
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { build, root } from './common.js';
import { nodeGypEnvironment } from './native.js';
import { requireNativeTools } from './tools.js';

build();
const { default: prebuildify } = await import('prebuildify');

const target = `${process.platform}-${process.arch}`;
const out = mkdtempSync(path.join(tmpdir(), 'quic-prebuild-'));
try {
  // prebuildify hands its own environment on to node-gyp.
  process.env = nodeGypEnvironment(requireNativeTools());
  await promisify(prebuildify)({
    cwd: root,
    out,
    name: 'quic',
    napi: true,
    quiet: true,
    targets: [process.versions.node],
  });
  const built = path.join(out, 'prebuilds', target);
  for (const name of readdirSync(built)) {
    copyFileSync(
      path.join(built, name),
      path.join(root, 'packages', target, name),
    );
    console.log(`packages/${target}/${name}`);
  }
} finally {
  rmSync(out, { recursive: true });
}
