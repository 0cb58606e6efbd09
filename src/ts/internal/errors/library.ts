import { ErrorQUIC } from './ErrorQUIC.js';

/**
 * What {@link ErrorQUICNativeLibrary} says in `data`.
 */
export type NativeLibraryData = {
  /** `process.platform`. */
  platform: string;
  /** `process.arch`. */
  arch: string;
  /** The C library: `glibc` with its version, `musl`, or that it was not found out. */
  libc: string;
  /** The package that should hold the library. */
  package: string;
  /** The version that it must have, which is that of `@matrixai/quic`. */
  version: string;
  /** What was tried in turn. */
  failures: Array<{
    /** The name of a package, or the path of a local build. */
    tried: string;
    /** Whether it was there. */
    found: boolean;
    /**
     * What is wrong: it is missing, for another platform, for a newer C library, damaged, of
     * another version; or Node.js was started so that it loads no native addons or may not read the
     * file.
     */
    fault:
      | 'missing'
      | 'platform'
      | 'libc'
      | 'corrupt'
      | 'version'
      | 'disabled'
      | 'denied';
    /** Why it was of no use. */
    reason: string;
  }>;
};

/**
 * The native library was not found or cannot be loaded. It is looked for at the first use of the
 * library, not at its import. The message says what was tried and what to do; `data` is
 * {@link NativeLibraryData}, or empty where too few file descriptors were left to try.
 */
export class ErrorQUICNativeLibrary<T> extends ErrorQUIC<T> {
  static override readonly name: string = 'ErrorQUICNativeLibrary';
  static override description = 'The native library cannot be loaded';
  static override code = 'ERR_QUIC_NATIVE_LIBRARY';
}
