export * from '../internal/engine/constants.js';
export * from '../internal/types/codes.js';
