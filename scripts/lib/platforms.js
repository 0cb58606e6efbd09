// The platforms that have a package of their own, `@matrixai/quic-NAME`, where NAME is
// `process.platform`-`process.arch` and so also tells npm's `os` and `cpu`. With `zig` it is
// cross-compiled on Linux x64, by zig for that target: for Linux that names the oldest glibc, for
// FreeBSD the oldest release.
import { readFileSync } from 'node:fs';

const table = new URL('platforms.json', import.meta.url);

/** The table of platforms, by their names. */
export const platforms = JSON.parse(readFileSync(table, 'utf8'));

/** The name of the platform that this process runs on. */
export const thisPlatform = `${process.platform}-${process.arch}`;
