// The platforms that have a package of their own, `@matrixai/quic-NAME`, where
// NAME is `process.platform`-`process.arch` and so also tells npm's `os` and
// `cpu`. With `zig` it is cross-compiled on Linux x64, by zig for that target:
// for Linux that names the oldest glibc, for FreeBSD the oldest release.
export const platforms = {
  'linux-x64': {
    title: 'Linux x64 (glibc)',
    libc: 'glibc',
    go: { GOOS: 'linux', GOARCH: 'amd64' },
    zig: 'x86_64-linux-gnu.2.28',
  },
  'linux-arm64': {
    title: 'Linux ARM64 (glibc)',
    libc: 'glibc',
    go: { GOOS: 'linux', GOARCH: 'arm64' },
    zig: 'aarch64-linux-gnu.2.28',
  },
  'linux-arm': {
    title: 'Linux ARMv7 (glibc)',
    libc: 'glibc',
    go: { GOOS: 'linux', GOARCH: 'arm', GOARM: '7' },
    zig: 'arm-linux-gnueabihf.2.28',
  },
  'win32-x64': {
    title: 'Windows x64',
    go: { GOOS: 'windows', GOARCH: 'amd64' },
    zig: 'x86_64-windows-gnu',
  },
  'win32-arm64': {
    title: 'Windows ARM64',
    go: { GOOS: 'windows', GOARCH: 'arm64' },
    zig: 'aarch64-windows-gnu',
  },
  'darwin-x64': {
    title: 'macOS x64',
    go: { GOOS: 'darwin', GOARCH: 'amd64' },
    clang: '-arch x86_64 -mmacosx-version-min=12.0',
  },
  'darwin-arm64': {
    title: 'macOS ARM64',
    go: { GOOS: 'darwin', GOARCH: 'arm64' },
    clang: '-arch arm64 -mmacosx-version-min=12.0',
  },
  'freebsd-x64': {
    title: 'FreeBSD x64',
    go: { GOOS: 'freebsd', GOARCH: 'amd64' },
    zig: 'x86_64-freebsd.14.0',
  },
  'android-arm64': {
    title: 'Android ARM64',
    go: { GOOS: 'android', GOARCH: 'arm64' },
    ndk: 'aarch64-linux-android24',
  },
};

/** The name of the platform that this process runs on. */
export const thisPlatform = `${process.platform}-${process.arch}`;
