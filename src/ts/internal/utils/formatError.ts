import { ErrorQUIC } from '../errors/ErrorQUIC.js';
/**
 * Formats an error as `Name: description - message`, or as `Name - message` if it
 * has no description.
 */
export function formatError(error: Error): string {
  const { name, message } = error;
  if (!('description' in error)) return `${name} - ${message}`;
  const { description } = error;
  // Errors of this library that were given no message have their description for one
  const isRepeated = error instanceof ErrorQUIC && message === description;
  return `${name}: ${description} - ${isRepeated ? '' : message}`;
}
