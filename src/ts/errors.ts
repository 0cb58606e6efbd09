export * from './internal/errors/client.js';
export * from './internal/errors/close.js';
export * from './internal/errors/connection.js';
export * from './internal/errors/datagrams.js';
export {
  ErrorQUIC,
  ErrorQUICUndefinedBehaviour,
  type OptionInvalidData,
} from './internal/errors/ErrorQUIC.js';
export * from './internal/errors/isOrderly.js';
export * from './internal/errors/library.js';
export * from './internal/errors/options.js';
export * from './internal/errors/server.js';
export * from './internal/errors/socket.js';
export * from './internal/errors/stream.js';
