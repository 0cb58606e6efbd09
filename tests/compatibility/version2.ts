// Preloaded into a process to have it run with version 2.
import { register } from 'node:module';

const hook = `export const resolve = (specifier, context, next) =>
  next(specifier === '@matrixai/quic' ? '@matrixai/quic-v2' : specifier, context);`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
