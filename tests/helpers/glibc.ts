import assert from 'node:assert/strict';
import { output } from './packages.js';

/** The highest version of glibc whose symbols a library asks for. */
async function maxGlibc(file: string): Promise<string> {
  const printed = await output('readelf', ['--version-info', '--wide', file]);
  const versions = [...printed.matchAll(/GLIBC_(\d+)\.(\d+)/g)].map(
    ([, major, minor]) => [Number(major), Number(minor)],
  );
  if (versions.length === 0) throw new Error(`${file} asks for no glibc`);
  versions.sort((a, b) => b[0] - a[0] || b[1] - a[1]);
  return versions[0].join('.');
}

/** Fails for a library that asks for a later glibc than 2.28, which Node.js 20 itself asks for. */
export async function assertGlibc(file: string): Promise<void> {
  const version = await maxGlibc(file);
  const [major, minor] = version.split('.').map(Number);
  assert.ok(major === 2 && minor <= 28, `${file} asks for glibc ${version}`);
}
