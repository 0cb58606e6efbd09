export * from './internal/events/client.js';
export * from './internal/events/connection.js';
export { EventQUIC } from './internal/events/EventQUIC.js';
export * from './internal/events/server.js';
export * from './internal/events/socket.js';
export * from './internal/events/stream.js';
