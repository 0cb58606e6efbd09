import type { CryptoError } from './codes.js';
/**
 * Client crypto operations. The engine has its own randomness and does not
 * call them; they are accepted so that options written for version 2 work.
 */
export type ClientCryptoOps = {
  /** Fills `data` with random bytes. */
  randomBytes(data: ArrayBuffer): Promise<void>;
};

/**
 * Server crypto operations. The engine makes its own tokens and does not call
 * them; `utils.mintToken` and `utils.validateToken` do.
 */
export type ServerCryptoOps = {
  /** Signs `data` with `key`, and resolves with the signature. */
  sign(key: ArrayBuffer, data: ArrayBuffer): Promise<ArrayBuffer>;
  /** Resolves with whether `sig` is the signature of `data` by `key`. */
  verify(
    key: ArrayBuffer,
    data: ArrayBuffer,
    sig: ArrayBuffer,
  ): Promise<boolean>;
};

/**
 * Cryptography of a client, which need not be given.
 */
export type QUICClientCrypto = {
  /** Not called. */
  ops?: ClientCryptoOps | undefined;
};

/**
 * Cryptography of a server.
 */
export type QUICServerCrypto = {
  /**
   * Secret of any non-zero length from which the keys of address validation tokens, session tickets
   * and stateless resets derive. Processes given the same key accept each other's tokens, resume
   * each other's sessions, and can reset connections of each other.
   */
  key: ArrayBuffer;
  /** Not called by servers, only by `utils.mintToken` and `utils.validateToken`. */
  ops?: ServerCryptoOps | undefined;
};

/**
 * Custom TLS verification, called with certificates in DER.
 *
 * @param certs - the peer's certificate chain, from leaf to root
 * @param ca - the certificates of `config.ca`, empty if there are none
 * @returns a `CryptoError` code to refuse the peer with, `undefined` to accept
 */
export type TLSVerifyCallback = (
  certs: Array<Uint8Array>,
  ca: Array<Uint8Array>,
) => PromiseLike<CryptoError | undefined>;
