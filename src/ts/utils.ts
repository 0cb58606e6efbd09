export {
  type Authority,
  createAuthority,
  type KeyPair,
  selfSigned,
} from './internal/tls/certificates.js';
export * from './internal/utils/address.js';
export * from './internal/utils/connectionId.js';
export {
  bufferWrap,
  textDecoder,
  textEncoder,
} from './internal/utils/encoding.js';
export * from './internal/utils/flow.js';
export * from './internal/utils/formatError.js';
export {
  fromIPv4MappedIPv6,
  isHostWildcard,
  isIPv4,
  isIPv4MappedIPv6,
  isIPv4MappedIPv6Dec,
  isIPv4MappedIPv6Hex,
  isIPv6,
  resolvesZeroIP,
  toCanonicalIP,
  toIPv4MappedIPv6Dec,
  toIPv4MappedIPv6Hex,
} from './internal/utils/ip.js';
export * from './internal/utils/pem.js';
export * from './internal/utils/stream.js';
export { mintToken, validateToken } from './internal/utils/token.js';
