import module from 'node:module';

/**
 * What loads the package of each platform, as seen from a file or a folder. Tools that pack
 * applications read the names of the packages here, so each stands as it is.
 */
export function addons(from: string): Record<string, () => unknown> {
  const require = module.createRequire(from);
  return {
    'linux-x64': () => require('@matrixai/quic-linux-x64'),
    'linux-arm64': () => require('@matrixai/quic-linux-arm64'),
    'linux-arm': () => require('@matrixai/quic-linux-arm'),
    'win32-x64': () => require('@matrixai/quic-win32-x64'),
    'win32-arm64': () => require('@matrixai/quic-win32-arm64'),
    'darwin-x64': () => require('@matrixai/quic-darwin-x64'),
    'darwin-arm64': () => require('@matrixai/quic-darwin-arm64'),
    'freebsd-x64': () => require('@matrixai/quic-freebsd-x64'),
    'android-arm64': () => require('@matrixai/quic-android-arm64'),
  };
}
